// Package stepca has the ACME provider tried at step-ca, an authority by other
// people than Pebble's: it issues at once, has no renewal information, and sees
// proofs through a name server that takes dynamic updates, as an operator's
// does. It holds tests only. Begin with stepca_test.go.
package stepca
