package vault

import "time"

// The events of Key Vault that programs may listen to (Event Grid's names).
const (
	EventNewVersion       = "Microsoft.KeyVault.CertificateNewVersionCreated"
	EventNearExpiry       = "Microsoft.KeyVault.CertificateNearExpiry"
	EventExpired          = "Microsoft.KeyVault.CertificateExpired"
	EventRenewalFailed    = "Certwright.CertificateRenewalFailed" // ours; Key Vault tells nobody
	EventRenewalLate      = "Certwright.CertificateRenewalLate"
	EventApprovalAsked    = "Certwright.CertificateApprovalRequested"
	EventNewRoot          = "Certwright.IssuerNewRootCreated" // of a built-in CA; clients must trust it
	EventKeyNewVersion    = "Microsoft.KeyVault.KeyNewVersionCreated"
	EventKeyNearExpiry    = "Microsoft.KeyVault.KeyNearExpiry"
	EventKeyExpired       = "Microsoft.KeyVault.KeyExpired"
	EventSecretNewVersion = "Microsoft.KeyVault.SecretNewVersionCreated"
	EventSecretNearExpiry = "Microsoft.KeyVault.SecretNearExpiry"
	EventSecretExpired    = "Microsoft.KeyVault.SecretExpired"
)

// A Message is something to tell the outside, written in the transaction that
// made it true: the outbox. It has one row that people and streams read, whose
// Sink is "", and one for every sink that it is delivered to later.
type Message struct {
	Seq     int64  // given by the store; ascending
	ID      string // 32 lower-case hex digits; the same in every row of the message
	Sink    string // where it is delivered; "" for the row that is read
	Topic   string // the name of an event, or TopicMail
	Ref     Ref
	Version string
	At      time.Time
	Body    []byte // JSON; its shape belongs to the topic
	State   MessageState
	Due     time.Time // of the next try, on the server's clock; queued rows only
	Tries   int
	Error   string // of the last try
}

// MessageState is where a message stands at its sink.
type MessageState string

// The states of a message. A row that is read only is Delivered.
const (
	Queued    MessageState = "queued"
	Delivered MessageState = "delivered"
	Dead      MessageState = "dead" // given up; a person may send it again
)

// TopicMail is the topic of mails to contacts; the body is a Mail.
const TopicMail = "mail"

// A Mail is what contacts of a vault are told.
type Mail struct {
	To      []string `json:"to"`
	Subject string   `json:"subject"`
	Text    string   `json:"text"`
	HTML    string   `json:"html"`
}
