package admin

import (
	"encoding/json"
	"net/http"
	"time"
)

// An Outbox is what a development server caught instead of sending it.
type Outbox struct {
	Mails  []Mail            `json:"mails"`
	Events []json.RawMessage `json:"events"` // as their receivers would get them
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

// listOutbox answers with what was caught since the last reset, oldest first.
func listOutbox(h *Handler, r *http.Request) (answer, error) {
	box, err := h.Outbox(r.Context())
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
