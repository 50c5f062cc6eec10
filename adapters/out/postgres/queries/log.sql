-- One statement, so that one snapshot says which users are there: a key is never left without its entry. The keys are
-- all taken, in their order, before the first entry goes in, because the entries are sorted behind them; positions
-- then ascend in the order of the request. The service's own entries go in whatever their users are. Returned is what
-- was recorded, with the transaction's id.
-- name: InsertEntries :many
WITH live AS MATERIALIZED (
    SELECT u.id FROM users u WHERE u.id = ANY(@user_ids::uuid[]) AND u.deleted_at IS NULL
), keys AS (
    INSERT INTO event_keys (user_id, source, external_id, event_id)
    SELECT k.user_id, k.source, k.external_id, k.id
    FROM (SELECT unnest(@key_user_ids::uuid[]) AS user_id, unnest(@key_sources::text[]) AS source,
                 unnest(@key_external_ids::text[]) AS external_id, unnest(@key_event_ids::uuid[]) AS id) k
    WHERE k.user_id IN (SELECT id FROM live)
    ORDER BY k.user_id, k.source, k.external_id
    ON CONFLICT DO NOTHING
    RETURNING event_id
)
INSERT INTO log (id, user_id, type, source, external_id, data, extensions, occurred_at, trace, bytes)
SELECT e.id, e.user_id, e.type, e.source, nullif(e.external_id, ''), e.data, nullif(e.extensions, ''), e.occurred_at,
       nullif(e.trace, ''), e.bytes
FROM (SELECT unnest(@ids::uuid[]) AS id, unnest(@user_ids::uuid[]) AS user_id, unnest(@types::text[]) AS type,
             unnest(@sources::text[]) AS source, unnest(@external_ids::text[]) AS external_id,
             unnest(@datas::text[]) AS data, unnest(@extensions::text[]) AS extensions,
             unnest(@occurred_ats::timestamptz[]) AS occurred_at, unnest(@traces::text[]) AS trace,
             unnest(@bytes::integer[]) AS bytes, unnest(@ordinals::integer[]) AS ordinal) e
WHERE @own::boolean
   OR e.user_id IN (SELECT id FROM live) AND (e.external_id = '' OR e.id IN (SELECT event_id FROM keys))
ORDER BY e.ordinal
RETURNING id, xid;

-- The events that have these keys, whatever became of their users.
-- name: EventKeys :many
SELECT k.user_id, k.source, k.external_id, k.event_id
FROM (SELECT unnest(@user_ids::uuid[]) AS user_id, unnest(@sources::text[]) AS source,
             unnest(@external_ids::text[]) AS external_id) q
JOIN event_keys k ON k.user_id = q.user_id AND k.source = q.source AND k.external_id = q.external_id;

-- name: Events :many
SELECT * FROM log WHERE id = ANY(@ids::uuid[]);

-- name: Event :one
SELECT * FROM log WHERE id = @id;
