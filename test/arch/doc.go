// Package arch holds the table of who may import whom, and checks the tree against it.
//
// It reads the files itself, with go/parser, and asks neither go/packages nor `go list`: a test's
// result is cached, and the cache sees the files that the test process opens, but not those that its
// children read. A test that asked them would go on passing after a violation.
//
// [Check] promises to report every import that the table doesn't allow, whatever build tags a file has,
// and every folder of the table without Go files, so that renaming a folder can't switch its rule off.
package arch
