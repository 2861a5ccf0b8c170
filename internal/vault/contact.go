package vault

// A Contact is told about a vault's certificates. Empty members were not given.
type Contact struct{ Email, Name, Phone string }
