package vault

// A Tally is the part of a Reader for those who watch a server.
type Tally interface {
	// Failed lists the operations of all vaults that failed, in ascending order
	// of vault and key, after a place.
	Failed(after Ref, limit int) ([]Operation, error)
	// Count tells how many messages of a sink are in a state; it stops at most.
	Count(sink string, state MessageState, most int) (int, error)
}
