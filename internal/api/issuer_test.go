package api

import (
	"strings"
	"testing"
)

// TestIssuerPatchMergesTheOrganization: a PATCH changes the members of
// org_details that it names; admin_details are replaced whole.
func TestIssuerPatchMergesTheOrganization(t *testing.T) {
	t.Parallel()
	g := newRig(t)
	const path = "/certificates/issuers/test"
	g.must(200, "PUT", path, `{"provider":"Test","org_details":{"id":"org","admin_details":[{"email":"a@b"},{"email":"c@d"}]}}`)
	for _, c := range []struct{ sent, want string }{
		{`{"admin_details":[{"email":"e@f"}]}`, `{"id":"org","zip":0,"admin_details":[{"email":"e@f"}]}`},
		{`{"id":"other"}`, `{"id":"other","zip":0,"admin_details":[{"email":"e@f"}]}`},
		{`{}`, `{"id":"other","zip":0,"admin_details":[{"email":"e@f"}]}`},
		{`{"admin_details":[]}`, `{"id":"other","zip":0,"admin_details":[]}`},
	} {
		g.must(200, "PATCH", path, `{"org_details":`+c.sent+`}`)
		if got := g.must(200, "GET", path, "").body; !strings.Contains(got, `"org_details":`+c.want+`,`) {
			t.Errorf("after %s: %s", c.sent, got)
		}
	}
	g.must(200, "PUT", path, `{"provider":"Test","org_details":{"admin_details":[{"email":"a@b"}]}}`)
	if got := g.must(200, "GET", path, "").body; !strings.Contains(got, `"org_details":{"zip":0,"admin_details":[{"email":"a@b"}]}`) {
		t.Errorf("after another PUT: %s", got)
	}
}
