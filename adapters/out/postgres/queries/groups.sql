-- name: ClaimPartition :one
INSERT INTO group_partitions AS g (group_name, partition, generation, epoch, sequence, "offset")
VALUES (@group_name, @partition, 1, 0, 0, -1)
ON CONFLICT (group_name, partition) DO UPDATE SET generation = g.generation + 1
RETURNING generation, epoch, sequence, "offset";

-- name: Memories :many
SELECT partition, generation, epoch, sequence, "offset" FROM group_partitions WHERE group_name = @group_name;

-- name: Advance :execrows
UPDATE group_partitions
SET epoch = @epoch, sequence = @sequence, "offset" = @off
WHERE group_name = @group_name AND partition = @partition AND generation = @generation
  AND epoch = @from_epoch AND sequence = @from_sequence AND "offset" = @from_off;

-- name: Activity :many
SELECT u.total, u.first_at, u.last_at, u.through, coalesce(t.type, '') AS type, coalesce(t.count, 0) AS count
FROM activity_users u LEFT JOIN activity_types t ON t.user_id = u.user_id
WHERE u.user_id = @user_id AND u.total > 0;

-- Users are taken in their order, so that two of these never wait for each other; the types of a forgotten user are
-- dropped with it.
-- name: AddActivity :exec
WITH added AS (
    INSERT INTO activity_users AS a (user_id, total, first_at, last_at, through, forgotten)
    SELECT e.user_id, e.total, e.first_at, e.last_at, e.through, false
    FROM (SELECT unnest(@user_ids::uuid[]) AS user_id, unnest(@totals::bigint[]) AS total,
                 unnest(@first_ats::timestamptz[]) AS first_at, unnest(@last_ats::timestamptz[]) AS last_at,
                 unnest(@throughs::uuid[]) AS through) e
    ORDER BY e.user_id
    ON CONFLICT (user_id) DO UPDATE
    SET total = a.total + excluded.total, first_at = least(a.first_at, excluded.first_at),
        last_at = greatest(a.last_at, excluded.last_at), through = excluded.through
    WHERE NOT a.forgotten
    RETURNING user_id
)
INSERT INTO activity_types AS a (user_id, type, count)
SELECT t.user_id, t.type, t.count
FROM (SELECT unnest(@type_user_ids::uuid[]) AS user_id, unnest(@types::text[]) AS type,
             unnest(@counts::bigint[]) AS count) t
WHERE t.user_id IN (SELECT user_id FROM added)
ORDER BY t.user_id, t.type
ON CONFLICT (user_id, type) DO UPDATE SET count = a.count + excluded.count;

-- name: ForgetUsers :exec
INSERT INTO activity_users AS a (user_id, total, forgotten)
SELECT e.user_id, 0, true
FROM (SELECT unnest(@user_ids::uuid[]) AS user_id) e
ORDER BY e.user_id
ON CONFLICT (user_id) DO UPDATE SET total = 0, first_at = NULL, last_at = NULL, through = NULL, forgotten = true;

-- A statement of its own, after the one above: only then does it see what a concurrent addition, for whose lock that
-- one waited, has committed.
-- name: ForgetTypes :exec
DELETE FROM activity_types WHERE user_id = ANY(@user_ids::uuid[]);

-- name: Bury :exec
INSERT INTO dead_letters (id, group_name, partition, "offset", epoch, sequence, event_id, topic, raw, reason, died_at)
SELECT unnest(@ids::uuid[]), unnest(@group_names::text[]), unnest(@partitions::integer[]), unnest(@offsets::bigint[]),
       unnest(@epochs::bigint[]), unnest(@sequences::bigint[]),
       nullif(unnest(@event_ids::uuid[]), '00000000-0000-0000-0000-000000000000'), unnest(@topics::text[]),
       unnest(@raws::bytea[]), unnest(@reasons::text[]), unnest(@died_ats::timestamptz[]);

-- name: DeadLetters :many
SELECT id, partition, "offset", epoch, sequence,
       coalesce(event_id, '00000000-0000-0000-0000-000000000000')::uuid AS event_id, topic, raw, reason, died_at
FROM dead_letters
WHERE group_name = @group_name AND id > @after
ORDER BY id
LIMIT @max_rows;
