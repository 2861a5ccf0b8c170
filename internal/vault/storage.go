package vault

import "errors"

// A StorageFault is why a Store cannot be used for now.
type StorageFault string

// The faults, by the names that metrics give them.
const (
	DiskFull     StorageFault = "full"
	DiskReadOnly StorageFault = "read_only"
	DiskFails    StorageFault = "failing"
	DatabaseAway StorageFault = "away" // of a database server: it cannot be reached
	DatabaseSlow StorageFault = "slow" // of a database server: it did not get done in time, or waited for others too long
)

// StorageFaults are all of them.
var StorageFaults = []StorageFault{DiskFull, DiskReadOnly, DiskFails, DatabaseAway, DatabaseSlow}

// String says it to people.
func (f StorageFault) String() string {
	switch f {
	case DiskFull:
		return "its disk is full"
	case DiskReadOnly:
		return "its disk is read-only"
	case DatabaseAway:
		return "its database cannot be reached"
	case DatabaseSlow:
		return "its database took too long"
	}
	return "its disk fails"
}

// A StorageError is what a Store answers while its disk will not do: nobody who
// called is at fault, nothing was changed, and later the same call may succeed.
type StorageError struct {
	Fault   StorageFault
	Reading bool  // it could not even be read
	Unknown bool  // it may have been done: the answer to its commit was lost
	Err     error // of the engine
}

// Error says what is wrong, and the engine's words.
func (e *StorageError) Error() string {
	return "the database cannot be used: " + e.Fault.String() + ": " + e.Err.Error()
}

// Unwrap returns the engine's error.
func (e *StorageError) Unwrap() error { return e.Err }

// IsStorageFault reports whether an error comes of a Store's disk.
func IsStorageFault(err error) bool {
	var e *StorageError
	return errors.As(err, &e)
}

// RefusalIn returns what a caller may see of an error: the refusal in it, or
// that the disk will not do; nil for any other, which is a fault of ours.
func RefusalIn(err error) *Error {
	var refusal *Error
	if errors.As(err, &refusal) {
		return refusal
	}
	var e *StorageError
	if errors.As(err, &e) {
		return StorageUnavailable(e)
	}
	return nil
}
