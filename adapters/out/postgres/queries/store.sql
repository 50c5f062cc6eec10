-- name: KeepSecret :exec
INSERT INTO secrets (name, value) VALUES (@name, @value) ON CONFLICT DO NOTHING;

-- name: Secret :one
SELECT value FROM secrets WHERE name = @name;

-- name: Writable :one
SELECT (NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off')::boolean AS writable;

-- name: Head :one
SELECT last_sequence FROM relay_batches ORDER BY batch DESC LIMIT 1;
