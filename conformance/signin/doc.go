// Package signin has tests only: the unmodified Azure SDKs of four languages sign
// in to certwright serve in every way that its token service knows. SIGNIN names
// the languages (go, python, js, java; "all" is all four); their packages are
// fetched by their ordinary clients. Begin with signin_test.go.
package signin
