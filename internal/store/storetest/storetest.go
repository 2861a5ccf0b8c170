// Package storetest is the conformance suite of vault.Store: every sentence of
// internal/vault/store.go as a test, for every engine there is.
//
// A store's own tests call Run. What one engine does beyond the contract is
// tested beside that engine. Begin with Run; a file holds the tests of one noun.
package storetest

import (
	"testing"

	"certwright/internal/vault"
)

// Run tests the stores that open makes. Each must be empty and closed by
// t.Cleanup; Run itself closes none.
func Run(t *testing.T, open func(t *testing.T) vault.Store) {
	tests := []struct {
		name string
		run  func(t *testing.T, s vault.Store)
	}{
		{"nothing there", nothingThere},
		{"head revisions", headRevisions},
		{"heads as put", headsAsPut},
		{"rotation policies as put", rotationsAsPut},
		{"names without case", namesWithoutCase},
		{"kinds and vaults apart", kindsApart},
		{"versions as put", versionsAsPut},
		{"version ids are taken once", versionTaken},
		{"update of a version", versionUpdated},
		{"delete of a version", versionDeleted},
		{"list of versions", versionsListed},
		{"list of objects", objectsListed},
		{"list after changes", objectsMoved},
		{"list entries", objectEntries},
		{"pages", objectPages},
		{"placeholders in lists", placeholdersListed},
		{"behind certificates", behindListed},
		{"heads listed", headsListed},
		{"purge", purge},
		{"operations as put", operationsAsPut},
		{"operation revisions", operationRevisions},
		{"operations underway", operationsUnderway},
		{"issuers as put", issuersAsPut},
		{"list of issuers", issuersListed},
		{"contacts", contacts},
		{"list of vaults", vaultsListed},
		{"jobs as put", jobsAsPut},
		{"claim", claimOrder},
		{"claim hides and expires", claimExpires},
		{"claim together", claimTogether},
		{"take", take},
		{"extend", extend},
		{"finish", finish},
		{"put under a lease", putUnderLease},
		{"delete under a lease", deleteUnderLease},
		{"next due", nextDue},
		{"outbox", outbox},
		{"outbox states", outboxStates},
		{"outbox sinks", outboxSinks},
		{"lives", lives},
		{"pulled in", pulledIn},
		{"accounts", accounts},
		{"settings", settings},
		{"reset", reset},
		{"own writes are seen", ownWrites},
		{"errors undo", errorsUndo},
		{"panics undo", panicsUndo},
		{"exits undo", exitsUndo},
		{"snapshots", snapshots},
		{"cancelled", cancelled},
		{"ended", ended},
		{"closed", closed},
		{"serializable", serializable},
		{"whole transactions are seen", wholeTransactions},
		{"one undone beside many kept", undoneAmongKept},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
	}
}
