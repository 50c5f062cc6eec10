package arch_test

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/headrace/headrace/test/arch"
)

func TestTheTreeFollowsTheTable(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	require.FileExists(t, filepath.Join(root, "go.mod"))
	findings, err := arch.Check(os.DirFS(root), arch.Table())
	require.NoError(t, err)
	for _, finding := range findings {
		t.Error(finding)
	}
}

// clean is a tree in which every layer has a file and nothing is wrong.
func clean() fstest.MapFS {
	return fstest.MapFS{
		"domain/user/user.go":             file("user", "strings", "net/url", "golang.org/x/text/unicode/norm", own("domain/fault")),
		"domain/user/user_test.go":        file("user_test", "testing", "pgregory.net/rapid", own("domain/user")),
		"ports/store.go":                  file("ports", "context", own("domain/user")),
		"app/users/create.go":             file("users", "context", own("domain/user"), own("ports"), "golang.org/x/sync/errgroup"),
		"app/users/create_test.go":        file("users_test", "testing", own("adapters/out/memory")),
		"adapters/in/httpapi/router.go":   file("httpapi", "net/http", "example.org/router", own("app/users"), own("adapters/in/httpapi/internal/types")),
		"adapters/in/ticker/ticker.go":    file("ticker", "time", own("app/relay")),
		"adapters/out/memory/memory.go":   file("memory", own("ports")),
		"adapters/out/postgres/store.go":  file("postgres", "example.org/driver", own("adapters/out/postgres/internal/queries")),
		"adapters/out/postgres/s_test.go": file("postgres_test", "testing", own("test/contract"), own("test/fixture")),
		"bootstrap/run.go":                file("bootstrap", own("adapters/out/postgres"), own("adapters/in/httpapi")),
		"test/contract/store.go":          file("contract", "testing", own("ports")),
		"test/build/user.go":              file("build", own("domain/user")),
		"test/fixture/main.go":            file("fixture", "testing", "example.org/containers"),
	}
}

func own(folder string) string { return arch.Module + "/" + folder }

func file(pkg string, imports ...string) *fstest.MapFile {
	text := "package " + pkg + "\n"
	for _, path := range imports {
		text += "import _ \"" + path + "\"\n"
	}
	return &fstest.MapFile{Data: []byte(text)}
}

func TestACleanTreeHasNoFindings(t *testing.T) {
	t.Parallel()
	findings, err := arch.Check(clean(), arch.Table())
	require.NoError(t, err)
	require.Empty(t, findings)
}

func TestEachViolationIsFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path string
		file *fstest.MapFile
		want string
	}{
		"domain imports a port":         {"domain/user/x.go", file("user", own("ports")), "domain may not import " + own("ports")},
		"domain imports context":        {"domain/user/x.go", file("user", "context"), "domain may not import context"},
		"app imports net/http":          {"app/users/x.go", file("users", "net/http"), "app may not import net/http"},
		"domain imports a module":       {"domain/user/x.go", file("user", "example.org/m"), "domain may not import example.org/m"},
		"domain imports by a prefix":    {"domain/user/x.go", file("user", own("domainx")), "domain may not import " + own("domainx")},
		"domain's test imports an app":  {"domain/user/x_test.go", file("user", own("app/users")), "domain may not import " + own("app/users")},
		"domain has a struct tag":       {"domain/user/x.go", tagged(), "domain may not have struct tags"},
		"under a build tag":             {"domain/user/x.go", constrained(), "domain may not import " + own("ports")},
		"a port imports an app":         {"ports/x.go", file("ports", own("app/users")), "ports may not import " + own("app/users")},
		"app imports an adapter":        {"app/users/x.go", file("users", own("adapters/out/memory")), "app may not import " + own("adapters/out/memory")},
		"app's test imports postgres":   {"app/users/x_test.go", file("users", own("adapters/out/postgres")), "app may not import " + own("adapters/out/postgres")},
		"app imports a module":          {"app/users/x.go", file("users", "example.org/m"), "app may not import example.org/m"},
		"an adapter imports a sibling":  {"adapters/out/postgres/x.go", file("postgres", own("adapters/out/memory")), "adapters/out/postgres may not import " + own("adapters/out/memory")},
		"in adapters too":               {"adapters/in/ticker/x.go", file("ticker", own("adapters/in/httpapi")), "adapters/in/ticker may not import " + own("adapters/in/httpapi")},
		"an out adapter imports an app": {"adapters/out/memory/x.go", file("memory", own("app/users")), "adapters/out/memory may not import " + own("app/users")},
		"an adapter imports tests":      {"adapters/out/memory/x.go", file("memory", own("test/fixture")), "adapters/out/memory may not import " + own("test/fixture")},
		"somebody imports bootstrap":    {"adapters/in/httpapi/x.go", file("httpapi", own("bootstrap")), "adapters/in/httpapi may not import " + own("bootstrap")},
		"somebody imports the program":  {"app/users/x.go", file("users", arch.Module), "app may not import " + arch.Module},
		"a suite imports an adapter":    {"test/contract/x.go", file("contract", own("adapters/out/memory")), "test/contract may not import " + own("adapters/out/memory")},
		"the fixture imports an adapter": {"test/fixture/x.go", file("fixture", own("adapters/out/postgres")),
			"test/fixture may not import " + own("adapters/out/postgres")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tree := clean()
			tree[c.path] = c.file
			findings, err := arch.Check(tree, arch.Table())
			require.NoError(t, err)
			require.Len(t, findings, 1)
			require.Contains(t, findings[0], c.path+":")
			require.Contains(t, findings[0], c.want)
		})
	}
}

func tagged() *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("package user\n\ntype x struct {\n\tA int `json:\"a\"`\n}\n")}
}

func constrained() *fstest.MapFile {
	f := file("user", own("ports"))
	f.Data = append([]byte("//go:build windows && !integration\n\n"), f.Data...)
	return f
}

func TestAnEmptyLayerIsFound(t *testing.T) {
	t.Parallel()
	for _, layer := range []struct{ folder, file string }{
		{"domain", "domain/user/user.go"},
		{"bootstrap", "bootstrap/run.go"},
		{"adapters/in/ticker", "adapters/in/ticker/ticker.go"},
	} {
		t.Run(layer.folder, func(t *testing.T) {
			t.Parallel()
			tree := clean()
			delete(tree, layer.file)
			tree[layer.folder+"/README.md"] = &fstest.MapFile{}
			findings, err := arch.Check(tree, arch.Table())
			require.NoError(t, err)
			require.Equal(t, []string{layer.folder + ": no Go file; the table must follow the tree"}, findings)
		})
	}
}

func TestAMissingFolderIsFound(t *testing.T) {
	t.Parallel()
	tree := clean()
	delete(tree, "ports/store.go")
	delete(tree, "adapters/in/ticker/ticker.go")
	delete(tree, "adapters/in/httpapi/router.go")
	findings, err := arch.Check(tree, arch.Table())
	require.NoError(t, err)
	require.Equal(t, []string{
		"ports: no such folder; the table must follow the tree",
		"adapters/in/*: no such folder; the table must follow the tree",
	}, findings)
}
