package vault

// Changes are what transactions changed, whichever server ran them.
type Changes struct {
	All      bool     // it is not known what: anything
	Names    []string // of objects that callers see, as vault/name in lower case
	Accounts []string // their ids
}
