package wire

import (
	"errors"
	"slices"
	"testing"

	"certwright/internal/vault"
)

func TestVersionsComeInOrder(t *testing.T) {
	t.Parallel()
	order := []string{"2015-06-01", "2016-10-01", "7.0-preview", "7.0", "7.1-preview", "7.1-preview.1", "7.1", "7.2", "7.3-preview", "7.3",
		"7.4-preview.1", "7.4", "7.5-preview", "7.5-preview.1", "7.5", "7.6-preview.1", "7.6-preview.2", "7.6", "7.10", "2025-06-01-preview",
		"2025-07-01-preview", "2025-07-01", "2026-01-01-preview", "2026-03-01-preview", "2026-04-01", "2099-12-31"}
	for i, text := range order[1:] {
		before, after := mustVersion(t, order[i]), mustVersion(t, text)
		if slices.Compare(before.rank[:], after.rank[:]) >= 0 {
			t.Errorf("%s does not come before %s", before.Text, after.Text)
		}
	}
}

func TestFeaturesBeginWhereTheSpecificationSays(t *testing.T) {
	t.Parallel()
	for f, at := range map[Feature]struct{ without, with string }{
		RecoverableDays: {"7.0", "7.1"},
		KeyExportable:   {"7.2", "7.3-preview"},
		HSMPlatform:     {"7.4", "7.5-preview.1"},
		CertOrder:       {"7.6-preview.1", "7.6-preview.2"},
		NewSANs:         {"7.6", "2025-06-01-preview"},
		SecretExtras:    {"7.6", "2025-06-01-preview"},
		PlatformManaged: {"2026-01-01-preview", "2026-03-01-preview"},
	} {
		if v := mustVersion(t, at.without); v.Has(f) {
			t.Errorf("feature %d: %s has it already", f, v.Text)
		}
		if v := mustVersion(t, at.with); !v.Has(f) {
			t.Errorf("feature %d: %s has it not", f, v.Text)
		}
	}
	if v := mustVersion(t, "2016-10-01"); v.Has(RecoverableDays) {
		t.Error("2016-10-01 counts as newer than 7.1")
	}
	if v := mustVersion(t, "3000-01-01"); !v.Has(PlatformManaged) {
		t.Error("a version of the future lacks a feature")
	}
}

func TestOddVersionsAreRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", " ", "7", "7.", ".4", "7.4.1", "v7.4", "7.4 ", " 7.4", "7,4", "7.4-beta", "7.4-preview.", "7.4-preview.x",
		"7.4-preview.1.2", "7.4-previewer", "-preview", "2025-7-1", "2025-07", "2025/07/01", "2025-07-01-", "20250701", "٧.٤", "99999.1",
		"+7.4", "-7.4", "7.-4", "0x7.4", "latest", "7.4\x00"} {
		_, err := ParseVersion(s)
		var refusal *vault.Error
		if !errors.As(err, &refusal) || refusal.Code != "BadParameter" || refusal.Reason != vault.Invalid {
			t.Errorf("api-version %q: error %v, want 400 BadParameter", s, err)
		}
	}
}

func mustVersion(t *testing.T, s string) Version {
	t.Helper()
	v, err := ParseVersion(s)
	if err != nil {
		t.Fatalf("api-version %q: %v", s, err)
	}
	return v
}
