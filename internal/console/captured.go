package console

import (
	"net/http"
	"slices"

	"certwright/internal/access"
	"certwright/internal/admin"
	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// captured are the mails of a development server, the newest first.
func (c *Console) captured(r *http.Request) (mails []admin.Mail, err error) {
	var after int64
	for range mostOutbox {
		box, err := c.Means.Outbox(r.Context(), after, outboxPage)
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

func (c *Console) server(w http.ResponseWriter, r *http.Request) error {
	if err := c.asOperator(r, access.ReadOperations, vault.Ref{}); err != nil {
		return err
	}
	return show(w, r, http.StatusOK, view.ServerPage(c.frame(r, "Server", "/ui/server"), c.Health(r.Context()), c.Means.Facts(r.Context())))
}

func (c *Console) clock(w http.ResponseWriter, r *http.Request) error {
	return c.showClock(w, r, http.StatusOK, nil)
}

func (c *Console) showClock(w http.ResponseWriter, r *http.Request, status int, say *view.Say) error {
	now, offset := c.Clock()
	text := "It shows real time."
	if offset > 0 {
		text = "It is " + view.Long(offset) + " ahead of real time."
	}
	f := c.frame(r, "Clock", "/ui/clock")
	if say != nil {
		f.Say = say
	}
	return show(w, r, status, view.ClockPage(f, view.Clock{Now: c.moment(now), Offset: text}))
}

// moveClock moves the clock of a development server.
func (c *Console) moveClock(w http.ResponseWriter, r *http.Request) error {
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	text := r.PostForm.Get("by")
	if text == "" {
		text = r.PostForm.Get("advance")
	}
	by, err := admin.ParseDuration(text)
	if err == nil {
		err = c.Means.Advance(r.Context(), by)
	}
	if err != nil {
		status, say := c.words(err)
		return c.showClock(w, r, status, &say)
	}
	return c.back(w, r, "/ui/clock", "moved")
}
