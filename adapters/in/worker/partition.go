package worker

import (
	"context"
	"log/slog"

	"github.com/headrace/headrace/app/project"
	"github.com/headrace/headrace/domain/fault"
	"github.com/headrace/headrace/ports"
)

// partition is one assignment of a group, for as long as the bus leaves it to us.
type partition struct {
	*Worker
	group      project.Group
	assignment ports.Assignment
	pause      *pause
	log        *slog.Logger
}

// work claims the partition in the store and applies its messages until ctx is done.
func (p *partition) work(ctx context.Context) error {
	for ctx.Err() == nil {
		claimed, err := project.Claim(ctx, p.store, p.group, p.assignment.Partition(),
			project.Config{Attempts: p.cfg.Attempts, Chunk: p.cfg.Fetch}, p.ids, p.clock, p.log)
		if err == nil {
			err = p.assignment.Seek(ctx, claimed.Memory().Offset)
		}
		if err != nil {
			p.wait(ctx, "The partition can't be claimed.", err)
			continue
		}
		p.log.InfoContext(ctx, "The partition is ours.", "sequence", claimed.Memory().Sequence, "offset", claimed.Memory().Offset,
			"generation", claimed.Memory().Generation)
		p.follow(ctx, claimed)
	}
	return nil
}

// follow applies messages until ctx is done or another worker claims the partition.
func (p *partition) follow(ctx context.Context, claimed *project.Partition) {
	for ctx.Err() == nil {
		deliveries, err := p.assignment.Fetch(ctx, p.cfg.Fetch)
		if err != nil {
			p.wait(ctx, "The bus gives no messages.", err)
			continue
		}
		if !p.apply(ctx, claimed, deliveries) {
			return
		}
		p.assignment.Commit(claimed.Memory().Offset)
	}
}

// apply applies deliveries, however often it takes. It tells whether to go on with this claim.
func (p *partition) apply(ctx context.Context, claimed *project.Partition, deliveries []ports.Delivery) bool {
	for {
		before := claimed.Counts()
		err := claimed.Apply(ctx, deliveries)
		p.metrics.count(p.group.Name(), before, claimed.Counts())
		switch {
		case err == nil:
			p.metrics.settled(p.group.Name(), len(deliveries))
			p.pause.reset()
			return true
		case ctx.Err() != nil:
			return false
		case fault.Is(err, fault.Fenced):
			p.log.InfoContext(ctx, "Another worker claimed the partition.")
			p.metrics.retried(p.group.Name(), "fenced")
			sleep(ctx, p.cfg.Reclaim)
			return false
		case fault.Is(err, fault.Unavailable):
			// Whether the last transaction went through isn't known: the store says so when the partition is claimed anew.
			p.metrics.retried(p.group.Name(), "unavailable")
			p.wait(ctx, "A dependency is down; the partition waits.", err)
			return false
		case project.IsGap(err):
			p.metrics.retried(p.group.Name(), "gap")
			p.wait(ctx, "Entries are missing; the partition waits.", err)
		default:
			p.metrics.retried(p.group.Name(), "failed")
			p.wait(ctx, "An entry could not be applied; it is tried again.", err)
		}
		if ctx.Err() != nil {
			return false
		}
	}
}

// wait logs an error and pauses, unless the error is only that ctx is done.
func (p *partition) wait(ctx context.Context, message string, err error) {
	if ctx.Err() != nil {
		return
	}
	pause := p.pause.next()
	p.log.WarnContext(ctx, message, "error", err, "pause", pause)
	sleep(ctx, pause)
}
