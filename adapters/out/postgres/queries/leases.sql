-- No row: another holder has it.
-- name: AcquireLease :one
INSERT INTO leases AS l (name, holder, epoch, expires_at)
VALUES (@name, @holder, 1, clock_timestamp() + make_interval(secs => @ttl_seconds::float8))
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, epoch = l.epoch + 1,
    expires_at = clock_timestamp() + make_interval(secs => @ttl_seconds::float8)
WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp()
RETURNING epoch;

-- name: Lease :one
SELECT holder, epoch FROM leases WHERE name = @name;

-- name: RenewLease :execrows
UPDATE leases SET expires_at = clock_timestamp() + make_interval(secs => @ttl_seconds::float8)
WHERE name = @name AND holder = @holder AND epoch = @epoch;

-- The row stays, for the epoch.
-- name: ReleaseLease :exec
UPDATE leases SET holder = '', expires_at = '-infinity'
WHERE name = @name AND holder = @holder AND epoch = @epoch;
