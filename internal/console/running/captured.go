package running

import (
	"net/http"
	"slices"

	"certwright/internal/access"
	"certwright/internal/admin"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/vault"

	"github.com/a-h/templ"
)

// captured are the mails of a development server, the newest first.
func (m *room) captured(r *http.Request) (mails []admin.Mail, err error) {
	var after int64
	for range mostOutbox {
		box, err := m.Outbox(r.Context(), after, outboxPage)
		if err != nil {
			return nil, err
		}
		mails = append(mails, box.Mails...)
		if after = box.Next; after == 0 {
			break
		}
	}
	if len(mails) > mostMails {
		mails = mails[len(mails)-mostMails:]
	}
	slices.Reverse(mails)
	return mails, nil
}

func (m *room) server(w http.ResponseWriter, r *http.Request) error {
	if err := m.AsOperator(r, access.ReadOperations, vault.Ref{}); err != nil {
		return err
	}
	health, facts := m.Health(r.Context()), m.Facts(r.Context())
	return m.Show(w, r, "Server", "/ui/server", nil, func(f view.Frame) templ.Component { return view.ServerPage(f, health, facts) })
}

func (m *room) clock(w http.ResponseWriter, r *http.Request) error {
	return m.showClock(w, r, nil)
}

func (m *room) showClock(w http.ResponseWriter, r *http.Request, refused error) error {
	now, offset := m.Clock()
	text := "It shows real time."
	if offset > 0 {
		text = "It is " + view.Long(offset) + " ahead of real time."
	}
	return m.Show(w, r, "Clock", "/ui/clock", refused, func(f view.Frame) templ.Component {
		return view.ClockPage(f, view.Clock{Now: m.Moment(now), Offset: text})
	})
}

// moveClock moves the clock of a development server.
func (m *room) moveClock(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	text := r.PostForm.Get("by")
	if text == "" {
		text = r.PostForm.Get("advance")
	}
	by, err := admin.ParseDuration(text)
	if err == nil {
		err = m.Advance(r.Context(), by)
	}
	if err != nil {
		return m.showClock(w, r, err)
	}
	return m.Back(w, r, "/ui/clock", "moved")
}
