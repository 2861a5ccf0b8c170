package objects

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/a-h/templ"

	"certwright/internal/console/pages"
	"certwright/internal/console/view"
	"certwright/internal/engine"
	"certwright/internal/service"
	"certwright/internal/vault"
)

const versionRows = 25

// one shows a key or a secret with its versions, ?after= a page of them.
func (m room) one(w http.ResponseWriter, r *http.Request) error {
	ref, err := m.place(r)
	if err != nil {
		return err
	}
	return m.showOne(w, r, ref, nil)
}

func (m room) showOne(w http.ResponseWriter, r *http.Request, ref vault.Ref, refused error) error {
	o, err := m.model(r, ref)
	if err != nil {
		return err
	}
	return m.Show(w, r, o.Name, m.path(), refused, func(f view.Frame) templ.Component { return view.ObjectPage(f, o) })
}

// model is what a page shows of an object: what lists show of it, and of a key
// what its public side says, for who may read that.
func (m room) model(r *http.Request, ref vault.Ref) (o view.Object, err error) {
	who := m.Who(r)
	list, err := m.ListVersions(r.Context(), who, ref, service.ListInput{After: r.URL.Query().Get("after"), Limit: versionRows})
	if err != nil {
		return o, err
	}
	var v vault.Version
	if err := m.Store.View(r.Context(), func(rows vault.Reader) error {
		head, err := engine.Existing(rows, ref)
		if err != nil {
			return err
		}
		v, err = engine.Version(rows, head, "")
		return err
	}); err != nil {
		return o, err
	}
	now := m.Moment(v.Attributes.Expires).Now
	o = view.Object{Title: m.title, Path: m.path(), Noun: m.Noun(), Vault: v.Vault, Name: v.Name, Href: href(v.Ref), Managed: v.Managed, Enabled: v.Attributes.Enabled, States: states(v.Attributes, now)}
	if v.Managed {
		o.Certificate = "/ui/certificates/" + v.Vault + "/" + v.Name
	} else {
		may := func(verb string) bool { return m.May(r.Context(), who, m.action(verb), ref) }
		o.Update, o.Delete, o.Value = may("update"), may("delete"), m.Kind == vault.Secrets && v.Attributes.Enabled && may("get")
	}
	o.Facts = m.facts(v, m.Kind == vault.Keys && m.May(r.Context(), who, m.action("get"), ref))
	for _, e := range list.Items {
		o.Versions = append(o.Versions, view.ObjectVersion{ID: e.ID, Current: e.ID == v.ID, States: states(e.Attributes, now), Made: m.Moment(e.Attributes.Created), Expires: m.Moment(e.Attributes.Expires)})
	}
	sort.SliceStable(o.Versions, func(i, j int) bool { return o.Versions[i].Made.At.After(o.Versions[j].Made.At) })
	if list.Next != "" {
		o.More = o.Href + "?after=" + list.Next
	}
	return o, nil
}

// A telling is what is told of a version.
type telling struct {
	room
	all []view.Fact
}

//go:noinline
func (t *telling) add(word, text string) {
	t.all = append(t.all, view.Fact{Word: word, Text: cmp.Or(text, "–")})
}

//go:noinline
func (t *telling) when(word string, at time.Time) {
	if m := t.Moment(at); !m.Zero() {
		t.add(word, m.From()+", on "+m.Exact())
	}
}

// facts are what is told of a version; public adds what the public side of a key says.
func (m room) facts(v vault.Version, public bool) []view.Fact {
	t := &telling{room: m}
	switch {
	case m.Kind == vault.Secrets:
		t.add("Content type", v.Secret.ContentType)
	case public:
		t.add("Key", keyWords(*v.Key))
		t.add("May be used for", strings.Join(v.Key.Operations, ", "))
		t.add("Exportable", map[bool]string{true: "yes", false: "no"}[v.Key.Exportable])
	}
	t.when("Made", v.Attributes.Created)
	t.when("Changed", v.Attributes.Updated)
	t.when("Valid from", v.Attributes.NotBefore)
	t.when("Expires", v.Attributes.Expires)
	t.add("Version", v.ID)
	var tags []string
	for _, k := range slices.Sorted(maps.Keys(v.Tags)) {
		tags = append(tags, k+"="+v.Tags[k])
	}
	t.add("Tags", strings.Join(tags, ", "))
	return t.all
}

func keyWords(k vault.KeyBody) string {
	if k.Curve != "" {
		return string(k.Type) + " " + string(k.Curve)
	}
	return fmt.Sprintf("%s %d", k.Type, k.Size)
}

// do disables, enables or deletes an object.
func (m room) do(w http.ResponseWriter, r *http.Request) error {
	ref, err := m.place(r)
	if err != nil {
		return err
	}
	if err := pages.ReadForm(r); err != nil {
		return err
	}
	to, word, name := href(ref), "", m.word+"Update"
	var act func(*http.Request) error
	switch do := r.PathValue("do"); do {
	case "disable", "enable":
		word, act = do+"d", func(r *http.Request) error { return m.enable(r, ref, do == "enable") }
	case "delete":
		to, word, name = "/ui/deleted", "gone", m.word+"Delete"
		act = func(r *http.Request) error {
			if err := pages.Typed(r, ref); err != nil {
				return err
			}
			_, err := m.Delete(r.Context(), m.Who(r), ref)
			return err
		}
	default:
		return pages.Missing()
	}
	if err := m.Audited(r, name, ref, act); err != nil {
		return m.showOne(w, r, ref, err)
	}
	return m.Back(w, r, to, word)
}

// enable says of the latest version whether it may be used.
func (m room) enable(r *http.Request, ref vault.Ref, enabled bool) (err error) {
	in := service.AttributesInput{Enabled: &enabled}
	if m.Kind == vault.Keys {
		_, err = m.Keys.Update(r.Context(), m.Who(r), ref, "", service.KeyUpdate{Attributes: in})
		return err
	}
	_, err = m.Secrets.Update(r.Context(), m.Who(r), ref, "", service.SecretUpdate{Attributes: in})
	return err
}
