package admin

import (
	"encoding/json"
	"net/http"
	"time"
)

// outboxPage is how many messages one answer holds at most.
const outboxPage = 1000

// An Outbox is a page of what was told, oldest first, sent anywhere or not. Next,
// if there is more, is the value of after that continues it.
type Outbox struct {
	Mails  []Mail            `json:"mails"`
	Events []json.RawMessage `json:"events"` // as their receivers would get them
	Next   int64             `json:"next,omitempty"`
}

// A Mail is one that contacts would have got.
type Mail struct {
	To          string    `json:"to"`
	Subject     string    `json:"subject"`
	Text        string    `json:"text"`
	HTML        string    `json:"html"`
	At          time.Time `json:"at"` // on the server's clock
	Certificate string    `json:"certificate"`
}

// listOutbox answers with what was told since the last reset, oldest first:
// ?after=, ?limit=.
func listOutbox(h *Handler, r *http.Request) (answer, error) {
	q := r.URL.Query()
	after, err := afterOf(q.Get("after"))
	if err != nil {
		return answer{}, err
	}
	limit, err := limitOf(q.Get("limit"), outboxPage)
	if err != nil {
		return answer{}, err
	}
	box, err := h.Outbox(r.Context(), after, limit)
	if err != nil {
		return answer{}, err
	}
	if box.Mails == nil {
		box.Mails = []Mail{}
	}
	if box.Events == nil {
		box.Events = []json.RawMessage{}
	}
	return answer{body: box}, nil
}

func reset(h *Handler, r *http.Request) (answer, error) {
	return answer{}, h.Reset(r.Context())
}
