package admin

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"certwright/internal/audit"
	"certwright/internal/vault"
)

// Notices are the messages that could not be delivered; notify.Delivery is one.
type Notices interface {
	// Dead lists messages that were given up, after a Seq and in its order, of
	// the sinks named or of all.
	Dead(ctx context.Context, after int64, limit int, sinks ...string) ([]vault.Message, error)
	// Resend queues one of them again.
	Resend(ctx context.Context, seq int64) error
	// ResendAll queues all of a sink again and tells how many.
	ResendAll(ctx context.Context, sink string) (int, error)
}

// A Letter is a message that failed permanently. Its text is not shown: the outbox has it.
type Letter struct {
	Seq     int64     `json:"seq"`
	ID      string    `json:"id"`
	Sink    string    `json:"sink"`
	Topic   string    `json:"topic"`
	Vault   string    `json:"vault"`
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Version string    `json:"version,omitempty"`
	At      time.Time `json:"at"` // of what it tells, on the server's clock
	Tries   int       `json:"tries"`
	Error   string    `json:"error"` // of the last try
}

// Letters are a page of them. Next, if there is more, is the value of after that
// continues it.
type Letters struct {
	Dead []Letter `json:"dead"`
	Next int64    `json:"next,omitempty"`
}

// listDead answers with messages that failed permanently: ?sink=, ?after=, ?limit=.
func listDead(h *Handler, r *http.Request) (answer, error) {
	q := r.URL.Query()
	after, err := afterOf(q.Get("after"))
	if err != nil {
		return answer{}, err
	}
	limit, err := limitOf(q.Get("limit"), operationsPage)
	if err != nil {
		return answer{}, err
	}
	var sinks []string
	if sink := q.Get("sink"); sink != "" {
		sinks = []string{sink}
	}
	found, err := h.Notices.Dead(r.Context(), after, limit+1, sinks...)
	if err != nil {
		return answer{}, err
	}
	list := Letters{Dead: []Letter{}}
	for _, m := range found[:min(len(found), limit)] {
		list.Dead = append(list.Dead, Letter{Seq: m.Seq, ID: m.ID, Sink: m.Sink, Topic: m.Topic, Vault: m.Ref.Vault, Kind: string(m.Ref.Kind),
			Name: m.Ref.Name, Version: m.Version, At: m.At.UTC(), Tries: m.Tries, Error: m.Error})
	}
	if len(found) > limit {
		list.Next = found[limit-1].Seq
	}
	return answer{body: list}, nil
}

// afterOf reads what Next of a page of messages said; "" is the beginning.
func afterOf(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	after, err := strconv.ParseInt(text, 10, 64)
	if err != nil || after < 0 {
		return 0, vault.Bad("after must be what the page before named as next.")
	}
	return after, nil
}

// A ResendRequest asks for messages that failed permanently to be queued again: {"seq":42}, or
// {"sink":"mail"} for all of one receiver.
type ResendRequest struct {
	Seq  *int64  `json:"seq,omitempty"`
	Sink *string `json:"sink,omitempty"`
}

// resend queues messages that failed permanently again.
func resend(h *Handler, r *http.Request) (answer, error) {
	var in ResendRequest
	if err := readJSON(r, &in); err != nil {
		return answer{}, err
	}
	if (in.Seq == nil) == (in.Sink == nil || *in.Sink == "") {
		return answer{}, vault.Bad(`Say {"seq":42} to send one message again, or {"sink":"mail"} for all that one receiver did not get.`)
	}
	if err := begins(r, vault.Ref{}, in.fact()); err != nil {
		return answer{}, err
	}
	n, err := 1, error(nil)
	if in.Seq != nil {
		err = h.Notices.Resend(r.Context(), *in.Seq)
	} else {
		n, err = h.Notices.ResendAll(r.Context(), *in.Sink)
	}
	return answer{body: Resent{n}}, err
}

// fact is what the audit log says of it.
func (in ResendRequest) fact() audit.Fact {
	if in.Sink != nil {
		return audit.Fact{Name: "sink", Value: *in.Sink}
	}
	return audit.Fact{Name: "seq", Value: strconv.FormatInt(*in.Seq, 10)}
}

// Resent tells how many messages were queued again.
type Resent struct {
	Resent int `json:"resent"`
}
