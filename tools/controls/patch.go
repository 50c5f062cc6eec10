package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// patch is one file of test/broken: lines that say what it is about, then a diff.
//
//	# guards: ./adapters/out/postgres
//	# test: ^TestStore$/^a_failed_commit_is_an_error$
//	# tags: integration
//	# why: a commit's error was dropped, so a write that never happened was acknowledged
//
// tags may be left out.
type patch struct {
	name  string // of the file, without .patch
	path  string
	why   string
	guard guard
}

// guard is a test that notices a missing defence.
type guard struct {
	pkg, test, tags string
}

func (g guard) String() string { return g.pkg + " " + g.test }

// readPatches reads the patches of folder whose name contains one of names, or all if there is none.
func readPatches(folder string, names []string) ([]patch, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.patch"))
	if err != nil {
		return nil, err
	}
	var patches []patch
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".patch")
		wanted := func(part string) bool { return strings.Contains(name, part) }
		if len(names) > 0 && !slices.ContainsFunc(names, wanted) {
			continue
		}
		p, err := readPatch(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		p.name = name
		patches = append(patches, p)
	}
	if len(patches) == 0 {
		return nil, fmt.Errorf("no such patch in %s", folder)
	}
	return patches, nil
}

func readPatch(path string) (patch, error) {
	file, err := os.Open(path)
	if err != nil {
		return patch{}, err
	}
	defer func() { _ = file.Close() }()
	p := patch{path: path}
	fields := map[string]*string{
		"guards": &p.guard.pkg, "test": &p.guard.test, "tags": &p.guard.tags, "why": &p.why,
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		line, isHeader := strings.CutPrefix(lines.Text(), "#")
		if !isHeader {
			break
		}
		key, value, _ := strings.Cut(line, ":")
		field, known := fields[strings.TrimSpace(key)]
		if !known {
			continue // the reason's next line
		}
		*field = strings.TrimSpace(value)
	}
	if err := lines.Err(); err != nil {
		return patch{}, err
	}
	for _, key := range []string{"guards", "test", "why"} {
		if *fields[key] == "" {
			return patch{}, fmt.Errorf("says nothing after %q", "# "+key+":")
		}
	}
	if _, err := regexp.Compile(p.guard.test); err != nil {
		return patch{}, err
	}
	return p, nil
}
