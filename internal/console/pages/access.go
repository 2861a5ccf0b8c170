package pages

import (
	"context"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/access"
	"certwright/internal/console/view"
	"certwright/internal/vault"
)

// Permissions are those in force.
type Permissions struct {
	Rows func() []access.Row
	// Caller reads whom a question is of.
	Caller func(text string) (vault.Caller, error)
	Answer func(ctx context.Context, who vault.Caller, do vault.Action, on vault.Ref) (access.Answer, error)
}

// Access is the page of the role assignments and access policies in force, and of
// what somebody may do by them: ?who=, ?do= (everything without it) and ?on=.
func Access(p Permissions) Page {
	return Page{Path: "/ui/access", Word: "Access", Do: access.ReadAccess, Body: func(r *http.Request, _ time.Time) (func(view.Frame) templ.Component, error) {
		m := view.Access{Question: view.Question{Who: typed(r, "who"), Do: typed(r, "do"), On: typed(r, "on"), Groups: typed(r, "groups"), Roles: typed(r, "roles"),
			App: typed(r, "app"), From: typed(r, "from")}}
		for _, rule := range p.Rows() {
			m.Rules = append(m.Rules, view.Rule{To: rule.To, Gives: rule.Gives, On: rule.On, Idle: rule.Idle})
		}
		for _, do := range access.Actions() {
			m.Actions = append(m.Actions, string(do))
		}
		if m.Question != (view.Question{}) {
			answer, err := p.answer(r.Context(), m.Question)
			if err != nil {
				answer = &view.Answer{Wrong: true, Words: strings.ReplaceAll(err.Error(), "\nhint: ", ": ") + "."}
			}
			m.Answer = answer
		}
		return func(f view.Frame) templ.Component { return view.AccessPage(f, m) }, nil
	}}
}

// answer answers a question in words.
func (p Permissions) answer(ctx context.Context, q view.Question) (*view.Answer, error) {
	who, err := p.who(q)
	if err != nil {
		return nil, err
	}
	if q.Do == "" {
		return p.everything(ctx, q, who)
	}
	do, err := access.ParseAction(q.Do)
	if err != nil {
		return nil, err
	}
	on, err := access.ParsePlace(do, q.On)
	if err != nil {
		return nil, err
	}
	got, err := p.Answer(ctx, who, do, on)
	if err != nil {
		return nil, err
	}
	if got.Granted {
		return &view.Answer{State: view.Badge{Tone: "ok", Sign: view.SignOK, Word: "granted"}, Words: "It is given by " + got.Reason + "."}, nil
	}
	return &view.Answer{State: view.Badge{Tone: "bad", Sign: view.SignBad, Word: "refused"}, Words: refused(got), Roles: got.Roles, Said: strings.TrimSpace(got.Message)}, nil
}

// who is whom a question is of.
func (p Permissions) who(q view.Question) (who vault.Caller, err error) {
	if who, err = p.Caller(q.Who); err != nil {
		return who, err
	}
	if q.From != "" {
		if who.Address, err = netip.ParseAddr(q.From); err != nil {
			return who, vault.Bad("%q is not an IP address", vault.Shorten(q.From))
		}
	}
	if q.App != "" && who.Type == vault.UserCaller {
		who.App = q.App
	}
	who.Groups, who.Roles = append(who.Groups, listed(q.Groups)...), append(who.Roles, listed(q.Roles)...)
	return who, nil
}

// listed are the names of a field, with commas between them.
func listed(text string) (all []string) {
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// everything is what somebody may do at a place, by what gives it.
func (p Permissions) everything(ctx context.Context, q view.Question, who vault.Caller) (*view.Answer, error) {
	a, granted, asked := &view.Answer{}, 0, 0
	var last access.Answer
	for _, do := range access.Actions() {
		on, err := access.ParsePlace(do, q.On)
		if err != nil || access.OfVault(do) && strings.Contains(strings.TrimPrefix(strings.Trim(q.On, "/"), "vaults/"), "/") {
			continue // of another kind, or of the vault as a whole
		}
		got, err := p.Answer(ctx, who, do, on)
		if err != nil {
			return nil, err
		}
		if asked++; got.Granted {
			granted++
			a.Give(got.Reason, string(do))
			continue
		}
		last = got
	}
	switch {
	case asked == 0:
		_, err := access.ParsePlace(access.ReadAccess, q.On)
		return nil, err
	case granted == 0:
		a.State, a.Words = view.Badge{Tone: "bad", Sign: view.SignBad, Word: "refused"}, "Everything is refused there. "+refused(last)
	default:
		a.State, a.Words = view.Badge{Tone: "ok", Sign: view.SignOK, Word: "granted"}, "This is given there, and nothing else:"
	}
	return a, nil
}

// refused says in words why something is.
func refused(a access.Answer) string {
	switch a.Code {
	case "ForbiddenByRbac":
		return "No role assignment gives it."
	case "AccessDenied":
		return "No access policy of the vault gives it."
	case "ForbiddenByFirewall":
		return "The network rules of the vault do not let the request in: write the address that it comes from."
	case "ForbiddenByPolicy":
		return "An access policy gives it only to users who call through an application of theirs."
	case "VaultNotFound":
		return "There is no such vault."
	}
	return a.Message
}
