// Package clients holds scripts that use programs nobody here wrote as their
// users do; README.md says how to add one. Its tests hold docs/clients.md to
// the scripts and judge the runner.
package clients
