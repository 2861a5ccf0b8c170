package vault

import "time"

// The events of Key Vault that programs may listen to (Event Grid's names).
const (
	EventNewVersion    = "Microsoft.KeyVault.CertificateNewVersionCreated"
	EventKeyNearExpiry = "Microsoft.KeyVault.KeyNearExpiry"
)

// A Message is something to tell the outside, written in the transaction that
// made it true and delivered later: the outbox.
type Message struct {
	Seq     int64 // given by the store; ascending
	Topic   string
	Ref     Ref
	Version string
	At      time.Time
	Body    []byte // JSON; its shape belongs to the topic
	State   MessageState
	Tries   int
	Error   string // of the last try
}

// MessageState is where a message stands.
type MessageState string

// The states of a message.
const (
	Queued    MessageState = "queued"
	Delivered MessageState = "delivered"
	Dead      MessageState = "dead" // given up; a person may send it again
)
