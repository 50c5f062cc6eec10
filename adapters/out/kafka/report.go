package kafka

import "fmt"

// Report is what CheckTopic found.
type Report struct {
	Topic string
	// Exists is false when there is no such topic; the numbers are zero then.
	Exists          bool
	Partitions      int
	Replication     int
	MinInsync       int
	MaxMessageBytes int
	CleanupPolicy   string
	// Unclean tells whether a replica that lags may become leader, which loses acknowledged messages.
	Unclean bool
	// Problems keep the service from working or let it lose messages; each says what to do. Empty: all is well.
	Problems []string
	// Warnings are weaknesses that one may have chosen.
	Warnings []string
}

// judge fills in what is wrong with a topic.
func (r *Report) judge(cfg Config) {
	problem := func(broken bool, format string, args ...any) {
		if broken {
			r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
		}
	}
	warning := func(broken bool, format string, args ...any) {
		if broken {
			r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
		}
	}
	if !r.Exists {
		problem(true, "The topic %s isn't there: run `headrace topic create`.", r.Topic)
		return
	}
	problem(r.Partitions != cfg.Partitions, "The topic has %d partitions, and %d are configured: set bus.partitions to what "+
		"it has, or bus.topic to another topic.", r.Partitions, cfg.Partitions)
	problem(r.MinInsync > r.Replication, "min.insync.replicas is %d with %d replicas: nothing can be published. Lower it, or add replicas.",
		r.MinInsync, r.Replication)
	problem(r.MaxMessageBytes < cfg.MaxMessageBytes, "max.message.bytes is %d, and batches of up to %d bytes are sent: raise it.",
		r.MaxMessageBytes, cfg.MaxMessageBytes)
	problem(r.CleanupPolicy != "delete", "cleanup.policy is %s: set it to delete. Compaction removes all but a user's last events.",
		r.CleanupPolicy)
	problem(r.Unclean, "unclean.leader.election.enable is true: acknowledged messages can be lost. Set it to false.")
	warning(r.Replication < cfg.Replication, "The topic has %d replicas, and %d are configured.", r.Replication, cfg.Replication)
	warning(r.MinInsync < cfg.MinInsync, "min.insync.replicas is %d, and %d is configured.", r.MinInsync, cfg.MinInsync)
	warning(r.MinInsync == r.Replication && r.Replication > 1, "min.insync.replicas equals the number of replicas: "+
		"publishing stops whenever one of them is down.")
}
