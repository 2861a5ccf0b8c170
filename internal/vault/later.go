package vault

// Later is what a program of a later version wrote into a record, and this one
// knows nothing of. It goes with the struct that it was read with, so that it is
// still there once that is written again; who makes a new one leaves it empty.
// Only the store looks into it.
type Later string
