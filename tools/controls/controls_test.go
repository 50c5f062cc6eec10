package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The synthetic project: one function, one test that guards it, one that doesn't.
const (
	sumGo = `package sum

// Sum adds.
func Sum(a, b int) int {
	return a + b
}
`
	sumTest = `package sum

import "testing"

func TestSum(t *testing.T) {
	t.Run("adds", func(t *testing.T) {
		if Sum(1, 2) != 3 {
			t.Error("wrong")
		}
	})
}

func TestNothing(t *testing.T) { Sum(1, 2) }

func TestAlwaysRed(t *testing.T) { t.Fatal("red") }
`
	taggedTest = `//go:build integration

package sum

import "testing"

func TestTagged(t *testing.T) {
	if Sum(1, 2) != 3 {
		t.Error("wrong")
	}
}
`
)

func patchText(test, tags, from, to string) string {
	header := "# guards: ./sum\n# test: " + test + "\n# tags: " + tags + "\n# why: sums are wrong\n#   (a second line)\n"
	return header + `diff --git a/sum/sum.go b/sum/sum.go
--- a/sum/sum.go
+++ b/sum/sum.go
@@ -2,5 +2,5 @@

 // Sum adds.
 func Sum(a, b int) int {
-	` + from + `
+	` + to + `
 }
`
}

// project makes a repository with the synthetic project at HEAD and the patches in the working tree.
func project(t *testing.T, patches map[string]string) string {
	t.Helper()
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module example.org/sum\n\ngo 1.26\n")
	write("sum/sum.go", sumGo)
	write("sum/sum_test.go", sumTest)
	write("sum/tagged_test.go", taggedTest)
	write(".gitignore", "/.controls/\n")
	for _, args := range [][]string{
		{"init", "--quiet"}, {"add", "."},
		{"-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "all"},
	} {
		if _, err := git(t.Context(), root, args...); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range patches {
		write("test/broken/"+name+".patch", text)
	}
	return root
}

func TestEachKindOfPatch(t *testing.T) {
	t.Parallel()
	const whole, broken = "return a + b", "return a - b"
	cases := map[string]struct{ patch, result, detail string }{
		"noticed":      {patchText("^TestSum$", "", whole, broken), red, ""},
		"subtest":      {patchText("^TestSum$/^adds$", "", whole, broken), red, ""},
		"tagged":       {patchText("^TestTagged$", "integration", whole, broken), red, ""},
		"unnoticed":    {patchText("^TestNothing$", "", whole, broken), green, "sums are wrong"},
		"uncompilable": {patchText("^TestSum$", "", whole, "return a +"), wrong, "doesn't compile"},
		"no-test":      {patchText("^TestTagged$", "", whole, broken), wrong, "no test ran"},
		"red-anyway":   {patchText("^TestAlwaysRed$", "", whole, broken), wrong, "fails without the patch too"},
		"outdated":     {patchText("^TestSum$", "", "return a + b + c", broken), wrong, "doesn't apply"},
		"panics":       {patchText("^TestSum$", "", whole, `panic("no")`), red, ""},
	}
	patches := map[string]string{}
	for name, c := range cases {
		patches[name] = c.patch
	}
	root := project(t, patches)
	var out bytes.Buffer
	err := run(t.Context(), &out, root, nil, false)
	if err == nil || !strings.Contains(err.Error(), "5 of 9") {
		t.Errorf("got error %v", err)
	}
	for name, c := range cases {
		line := regexp.MustCompile(`(?m)^` + c.result + ` +` + name + ` .*\n.*` + regexp.QuoteMeta(c.detail))
		if !line.MatchString(out.String()) {
			t.Errorf("%s: not %s with %q in:\n%s", name, c.result, c.detail, &out)
		}
	}
	leavesNothing(t, root)
}

func TestAllRedIsSuccessAndNamesPick(t *testing.T) {
	t.Parallel()
	root := project(t, map[string]string{
		"good-one": patchText("^TestSum$", "", "return a + b", "return a - b"),
		"bad-one":  patchText("^TestNothing$", "", "return a + b", "return a - b"),
	})
	var out bytes.Buffer
	if err := run(t.Context(), &out, filepath.Join(root, "sum"), []string{"good"}, false); err != nil {
		t.Errorf("%v\n%s", err, &out)
	}
	if !strings.Contains(out.String(), "1 of 1 defences") {
		t.Errorf("got:\n%s", &out)
	}
	if err := run(t.Context(), &out, root, []string{"other"}, false); err == nil {
		t.Error("a name that picks nothing is no error")
	}
}

func TestWhatIsLeftIsRemoved(t *testing.T) {
	t.Parallel()
	root := project(t, map[string]string{"p": patchText("^TestSum$", "", "return a + b", "return a - b")})
	left, err := addWorktree(t.Context(), root)
	if err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), &bytes.Buffer{}, root, nil, false); err == nil {
		t.Error("two runs share a worktree")
	}
	if err := left.lock.Close(); err != nil { // as when that run was killed
		t.Fatal(err)
	}
	if err := run(t.Context(), &bytes.Buffer{}, root, nil, false); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, &bytes.Buffer{}, root, nil, false); err == nil {
		t.Error("an interrupted run is a success")
	}
	leavesNothing(t, root)
}

func leavesNothing(t *testing.T, root string) {
	t.Helper()
	trees, err := git(t.Context(), root, "worktree", "list")
	if err != nil || strings.Contains(trees, "\n") {
		t.Errorf("worktrees left: %s, %v", trees, err)
	}
	status, err := git(t.Context(), root, "status", "--porcelain", "--", "sum")
	if err != nil || status != "" {
		t.Errorf("changes left: %s, %v", status, err)
	}
}

func TestAPatchMustSayWhatItIs(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"nothing":        "diff --git a/x b/x\n",
		"no reason":      "# guards: ./x\n# test: TestX\n",
		"no test":        "# guards: ./x\n# why: x\n",
		"bad expression": "# guards: ./x\n# test: (\n# why: x\n",
	} {
		path := filepath.Join(t.TempDir(), "p.patch")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readPatch(path); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
