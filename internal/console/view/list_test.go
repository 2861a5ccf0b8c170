package view_test

import (
	"strings"
	"testing"

	"certwright/internal/console/view"
	"certwright/internal/must"
)

// While the certificates are counted for the first time, no page says that there are none.
func TestNothingIsSaidOfWhatIsBeingCounted(t *testing.T) {
	t.Parallel()
	for _, counting := range []bool{true, false} {
		var list, overview strings.Builder
		must.Do(t, view.ListPage(view.Frame{}, view.List{Counting: counting, Shown: "The certificates are being counted; look again in a moment."}).Render(t.Context(), &list))
		if got := list.String(); strings.Contains(got, "There is no such certificate.") == counting || !strings.Contains(got, "being counted") {
			t.Errorf("counting %v: %s", counting, got)
		}
		o := view.Overview{Numbers: []view.Number{{Count: 0, Words: "expired"}}}
		if !counting {
			o.Counted.At = o.Counted.At.AddDate(1, 0, 0)
		}
		must.Do(t, view.OverviewPage(view.Frame{}, o).Render(t.Context(), &overview))
		if got := overview.String(); strings.Contains(got, "</b> expired") == counting {
			t.Errorf("overview, counting %v: %s", counting, got)
		}
	}
}
