-- name: KeepSecret :exec
INSERT INTO secrets (name, value) VALUES (@name, @value) ON CONFLICT DO NOTHING;

-- name: Secret :one
SELECT value FROM secrets WHERE name = @name;

-- name: Writable :one
SELECT (NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off')::boolean AS writable;

-- Pairs are compared, so that no other index than that on both will do: by its estimates alone, the planner may look for
-- an epoch along the index on sequences.
-- name: EpochRange :one
SELECT coalesce((
    SELECT CASE WHEN b.epoch = @epoch::bigint THEN b.first_sequence END FROM relay_batches b
    WHERE b.batch > 0 AND (b.epoch, b.last_sequence) >= (@epoch::bigint, 0::bigint)
    ORDER BY b.epoch, b.last_sequence LIMIT 1), 0)::bigint AS first_sequence,
  coalesce((
    SELECT CASE WHEN b.epoch = @epoch::bigint THEN b.last_sequence END FROM relay_batches b
    WHERE b.batch > 0 AND (b.epoch, b.last_sequence) <= (@epoch::bigint, 9223372036854775807::bigint)
    ORDER BY b.epoch DESC, b.last_sequence DESC LIMIT 1), 0)::bigint AS last_sequence;

-- name: Head :one
SELECT last_sequence FROM relay_batches ORDER BY batch DESC LIMIT 1;
