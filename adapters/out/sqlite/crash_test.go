package sqlite_test

import (
	"bufio"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/domain/id"
	"github.com/headrace/headrace/ports"
)

// told is what a process that was killed had told before.
type told struct {
	acknowledged []id.ID
	published    map[int64]id.ID
}

// TestKilled kills a writing process again and again. Nothing that it acknowledged is lost, and what it handed out to
// be published keeps its numbers.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	all := told{published: make(map[int64]id.ID)}
	for range 10 {
		all.add(t, runAndKill(t, dir, 20+rand.IntN(200)))
		all.check(t, dir)
	}
}

// runAndKill kills a child once it wrote so many lines, and returns all of them.
func runAndKill(t *testing.T, dir string, lines int) []string {
	t.Helper()
	cmd := child(t, "write", dir)
	output, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var all []string
	r := bufio.NewReader(output)
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			break // a line that was cut short tells nothing
		}
		if all = append(all, strings.TrimSpace(line)); len(all) == lines {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	require.ErrorContains(t, cmd.Wait(), "killed")
	require.GreaterOrEqual(t, len(all), lines)
	return all
}

func (a *told) add(t *testing.T, lines []string) {
	t.Helper()
	for _, line := range lines {
		words := strings.Fields(line)
		eid, err := id.Parse(words[len(words)-1])
		require.NoError(t, err)
		if words[0] == "e" {
			a.acknowledged = append(a.acknowledged, eid)
			continue
		}
		sequence, err := strconv.ParseInt(words[1], 10, 64)
		require.NoError(t, err)
		if before, again := a.published[sequence]; again {
			require.Equal(t, before, eid, "sequence %d", sequence)
		}
		a.published[sequence] = eid
	}
}

func (a *told) check(t *testing.T, dir string) {
	t.Helper()
	s := open(t, dir)
	require.Equal(t, "ok", read[string](t, s.QueryReader, "PRAGMA integrity_check"))
	for _, eid := range a.acknowledged {
		_, err := s.Event(testContext(t), eid)
		require.NoError(t, err)
	}
	publish(t, s, lead(t, s, "child"))
	sequence := int64(0)
	inOrder := make(map[id.ID]int64)
	for {
		some, err := s.ReadPublished(testContext(t), ports.PublishedQuery{After: sequence, Limit: 500})
		require.NoError(t, err)
		if len(some) == 0 {
			break
		}
		for _, p := range some {
			sequence++
			require.Equal(t, sequence, p.Sequence, "no sequence is left out, none jumps: the store is the one it was")
			inOrder[p.Event.ID()] = sequence
		}
	}
	for sequence, eid := range a.published {
		require.Equal(t, sequence, inOrder[eid])
	}
	for _, eid := range a.acknowledged {
		require.NotZero(t, inOrder[eid])
	}
	require.NoError(t, s.Close())
}
