package arch

import (
	"slices"
	"strings"
)

// Module is the path that the project's own imports begin with.
const Module = "github.com/headrace/headrace"

// Layer is one line of the table: what files below a folder may import.
type Layer struct {
	// Folder, relative to the module's root. A last element "*" makes each sub-folder a layer of its
	// own, that may not import its siblings.
	Folder string
	// Own are the project's folders that may be imported, the packages below them included. "." is
	// the layer's own folder.
	Own []string
	// Others are the modules outside that may be imported, by prefix of the import path. "*" is any.
	Others []string
	// NotStandard are the packages of the standard library that may not be imported, each by its
	// whole path: net/url computes, though net doesn't.
	NotStandard []string
	// NoTags forbids struct tags: they are some adapter's business.
	NoTags bool
	// TestOwn may be imported by the layer's tests besides.
	TestOwn []string
}

// Table is who may import whom. ARCHITECTURE.md shows the same.
//
// Tests may import any module, and of the project what their layer may and TestOwn.
func Table() []Layer {
	machine := []string{"database/sql", "log", "net", "net/http", "os", "os/exec", "os/signal", "syscall", "testing"}
	return []Layer{
		{
			Folder: "domain", Own: []string{"domain"}, Others: []string{"golang.org/x/text/unicode/norm"},
			NotStandard: append([]string{"context", "log/slog"}, machine...), NoTags: true,
		},
		{Folder: "ports", Own: []string{"domain", "ports"}, NoTags: true},
		{
			Folder: "app", Own: []string{"domain", "ports", "app"}, Others: []string{"golang.org/x/sync"},
			NotStandard: machine,
			// The embedded adapters are the fakes that use cases are tested with.
			TestOwn: []string{"adapters/out/memory", "adapters/out/local", "adapters/out/sqlite", "test"},
		},
		{
			Folder: "adapters/in/*", Own: []string{"domain", "ports", "app", "."}, Others: []string{"*"},
			TestOwn: []string{"adapters/out/memory", "adapters/out/local", "adapters/out/sqlite", "test", "api"},
		},
		{
			Folder: "adapters/out/*", Own: []string{"domain", "ports", "."}, Others: []string{"*"},
			// A decorator is tested over a real adapter; a bus that is the log, over a real log.
			TestOwn: []string{"adapters/out/memory", "adapters/out/sqlite", "adapters/out/postgres", "adapters/out/redis", "test"},
		},
		{Folder: "bootstrap", Own: []string{"*"}, Others: []string{"*"}},
		// A suite is for anybody's adapter, so it knows none. So do the builders that suites use.
		{
			Folder: "test/contract", Own: []string{"domain", "ports", "app", "test/contract", "test/build"}, Others: []string{"*"},
			TestOwn: []string{"adapters/out", "test"},
		},
		{Folder: "test/build", Own: []string{"domain", "ports", "test/build"}, Others: []string{"*"}},
		// Adapters' own tests import the fixture, so it can't import them.
		{Folder: "test/fixture", Own: []string{"domain", "test/fixture"}, Others: []string{"*"}},
	}
}

// allows tells whether a file of the layer at folder may import path.
func (l Layer) allows(folder, path string, isTest bool) bool {
	own, isOwn := strings.CutPrefix(path, Module+"/")
	switch {
	case path == Module:
		return false // the program
	case isOwn:
		return anyBelow(own, l.Own, folder) || isTest && anyBelow(own, l.TestOwn, folder)
	case isTest:
		return true
	case isStandard(path):
		return !slices.Contains(l.NotStandard, path)
	default:
		return anyBelow(path, l.Others, "")
	}
}

// isStandard: only the standard library's paths begin without a domain name.
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// anyBelow tells whether path is one of the folders or lies below one.
func anyBelow(path string, folders []string, here string) bool {
	for _, folder := range folders {
		if folder == "." {
			folder = here
		}
		if folder == "*" || path == folder || strings.HasPrefix(path, folder+"/") {
			return true
		}
	}
	return false
}
