// Package conformance judges the server from outside, as its clients see it.
// It has tests only: scripts of HTTP requests (testdata, run by the package
// script), every verb in every state of a pending request, the server killed
// under load (kill), measurements (bench), and checks with unmodified Azure
// SDKs (sdk). Begin with README.md.
package conformance
