package redis

import "go.uber.org/goleak"

// lingering: the client's attempts to connect again look every second whether it was closed.
var lingering = goleak.IgnoreAnyFunction("github.com/redis/go-redis/v9/internal/pool.(*ConnPool).tryDial")
