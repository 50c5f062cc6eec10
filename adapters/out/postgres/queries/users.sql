-- name: User :one
SELECT * FROM users WHERE id = @id AND deleted_at IS NULL;

-- name: LockUser :one
SELECT * FROM users WHERE id = @id AND deleted_at IS NULL FOR UPDATE;

-- No row is inserted when the external id, read as a UUID (external_uuid; the user's own id when it isn't one), is
-- another user's id. Deleted users count: their events are still resolved by that id.
-- name: InsertUser :execrows
INSERT INTO users (id, external_id, email, email_fold, first_name, last_name, attributes, version, created_at, updated_at)
SELECT @id::uuid, nullif(@external_id::text, ''), @email::text, @email_fold::text, @first_name::text, @last_name::text,
       @attributes::text, @version::bigint, @created_at::timestamptz, @updated_at::timestamptz
WHERE NOT EXISTS (SELECT 1 FROM users o WHERE o.id = @external_uuid::uuid AND o.id <> @id::uuid);

-- name: UpdateUser :execrows
UPDATE users u
SET external_id = nullif(@external_id::text, ''), email = @email, email_fold = @email_fold, first_name = @first_name,
    last_name = @last_name, attributes = @attributes, version = @version, updated_at = @updated_at
WHERE u.id = @id::uuid AND u.deleted_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM users o WHERE o.id = @external_uuid::uuid AND o.id <> @id::uuid);

-- name: DeleteUser :execrows
UPDATE users
SET email = '', email_fold = '', first_name = '', last_name = '', attributes = '{}', version = @version,
    updated_at = @updated_at, deleted_at = clock_timestamp()
WHERE id = @id AND deleted_at IS NULL;

-- The user who has an external id now comes first, then who had it when deleted last.
-- name: ResolveUsers :many
SELECT DISTINCT ON (external_id) external_id::text AS external_id, id
FROM users
WHERE external_id = ANY(@external_ids::text[])
ORDER BY external_id, deleted_at DESC NULLS FIRST, id DESC;
