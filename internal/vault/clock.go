package vault

import "time"

// A Clock tells the time that certificates, due dates and attributes follow.
// In a dev server people may move it; leases, time-outs, tokens and TLS follow
// real time instead (docs/decisions/003-jobs.md).
type Clock interface{ Now() time.Time }
