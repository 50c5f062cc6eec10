// Package contract has a suite per port: TestStore, TestBus, TestCache. Each holds an adapter, anybody's, to every
// promise that the port's comments make. What an adapter can do beyond, or can't have happen to it, it declares as
// data in the suite's harness; a test that a declaration rules out isn't registered, so none is ever skipped.
package contract
