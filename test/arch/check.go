package arch

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Check reads the tree and returns what breaks the table, one finding for each line, as
// "file:line: what". A file outside all layers is nobody's business.
func Check(tree fs.FS, table []Layer) ([]string, error) {
	var findings []string
	for _, layer := range table {
		folders, err := layer.folders(tree)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(folders) == 0 {
			findings = append(findings, layer.Folder+": no such folder; the table must follow the tree")
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, folder := range folders {
			found, files, err := layer.check(tree, folder)
			if err != nil {
				return nil, err
			}
			if files == 0 {
				findings = append(findings, folder+": no Go file; the table must follow the tree")
			}
			findings = append(findings, found...)
		}
	}
	return findings, nil
}

// folders are the layer's one folder, or each that its "*" stands for.
func (l Layer) folders(tree fs.FS) ([]string, error) {
	parent, each := strings.CutSuffix(l.Folder, "/*")
	if !each {
		_, err := fs.Stat(tree, l.Folder)
		return []string{l.Folder}, err
	}
	entries, err := fs.ReadDir(tree, parent)
	if err != nil {
		return nil, err
	}
	var folders []string
	for _, entry := range entries {
		if entry.IsDir() && entry.Name() != "testdata" {
			folders = append(folders, path.Join(parent, entry.Name()))
		}
	}
	return folders, nil
}

// check reads every Go file below folder and counts those that aren't tests.
func (l Layer) check(tree fs.FS, folder string) (findings []string, files int, err error) {
	err = fs.WalkDir(tree, folder, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "testdata":
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		isTest := strings.HasSuffix(name, "_test.go")
		if !isTest {
			files++
		}
		found, err := l.checkFile(tree, folder, name, isTest)
		findings = append(findings, found...)
		return err
	})
	return findings, files, err
}

func (l Layer) checkFile(tree fs.FS, folder, name string, isTest bool) ([]string, error) {
	source, err := fs.ReadFile(tree, name)
	if err != nil {
		return nil, err
	}
	mode := parser.ImportsOnly
	if l.NoTags {
		mode = parser.SkipObjectResolution
	}
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, source, mode)
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, imported := range file.Imports {
		target, err := strconv.Unquote(imported.Path.Value)
		if err != nil {
			return nil, err
		}
		if !l.allows(folder, target, isTest) {
			findings = append(findings, fmt.Sprintf("%s: %s may not import %s", at(positions, imported), folder, target))
		}
	}
	if l.NoTags && !isTest {
		ast.Inspect(file, func(node ast.Node) bool {
			if field, ok := node.(*ast.Field); ok && field.Tag != nil {
				findings = append(findings, fmt.Sprintf("%s: %s may not have struct tags", at(positions, field), folder))
			}
			return true
		})
	}
	return findings, nil
}

func at(positions *token.FileSet, node ast.Node) string {
	where := positions.Position(node.Pos())
	return fmt.Sprintf("%s:%d", where.Filename, where.Line)
}
