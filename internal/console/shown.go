package console

import (
	"net/http"

	"certwright/internal/console/pages"
	"certwright/internal/vault"
)

// An about is what of a certificate somebody looks at who presses a button.
type about uint8

const (
	theName about = iota // whatever became of it
	theOrder
	theVersion
	thePolicy
	theTags
)

// changed are what to say where it has become another since the page was shown.
var changed = map[about]string{
	theOrder: "The order is another one", theVersion: "There is another version", thePolicy: "The policy is another one", theTags: "The tags, or the version, are others",
}

// mark is what tells one order, version, policy or set of tags from the next.
func (c *Console) mark(of about, got reading) (string, error) {
	var text any
	switch of {
	case theOrder:
		if got.Operation != nil {
			return got.Operation.RequestID, nil
		}
	case theVersion:
		if got.Exists() {
			return got.Version.ID, nil
		}
	case thePolicy:
		policy, err := c.PolicyText(got.Ref, *got.Policy)
		if err != nil {
			return "", err
		}
		text = string(policy)
	case theTags:
		text = []any{got.Version.ID, got.tags()}
	}
	return pages.Mark(text)
}

// marks are those of all buttons of a certificate's page.
func (c *Console) marks(got reading) (map[string]string, error) {
	of := map[about]string{}
	for what := range changed {
		mark, err := c.mark(what, got)
		if err != nil {
			return nil, err
		}
		of[what] = mark
	}
	all := map[string]string{}
	for name, d := range deeds {
		all[name] = of[d.of]
	}
	return all, nil
}

// asShown refuses what is about something that has become another since the page
// was shown: in a second tab, by somebody else, or by itself.
func (c *Console) asShown(r *http.Request, d deed, ref vault.Ref) error {
	if d.of == theName || !r.PostForm.Has("shown") {
		return nil
	}
	got, err := c.read(r, ref)
	if err != nil {
		return err
	}
	mark, err := c.mark(d.of, got)
	if err != nil {
		return err
	}
	return pages.AsItWas(r, mark, changed[d.of])
}
