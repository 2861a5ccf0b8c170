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

var tests = []struct {
	name string
	run  func(t *testing.T, s vault.Store)
}{
	{"nothing there", nothingThere},
	{"objects as put", objectsAsPut},
	{"rotation policies as put", rotationsAsPut},
	{"revisions", revisions},
	{"a stale revision writes nothing", staleWritesNothing},
	{"names without case", namesWithoutCase},
	{"kinds and vaults apart", kindsApart},
	{"names that certificates do not share", namesNotShared},
	{"a certificate seen as key and secret", seenAsKeyAndSecret},
	{"a certificate's key cannot be put", managedNotPut},
	{"all objects", allObjects},
	{"names", names},
	{"orders", orders},
	{"purge", purge},
	{"purge of many versions", purgeOfMany},
	{"versions as put", versionsAsPut},
	{"versions seen as key and secret", versionsSeen},
	{"version ids are taken once", versionTaken},
	{"versions of what is not there", versionOfNothing},
	{"update of a version", versionUpdated},
	{"delete of a version", versionDeleted},
	{"list of versions", versionsListed},
	{"list of objects", objectsListed},
	{"list after changes", objectsMoved},
	{"list entries", objectEntries},
	{"pages", objectPages},
	{"placeholders in lists", placeholdersListed},
	{"lists of keys and secrets", managedListed},
	{"issuers as put", issuersAsPut},
	{"list of issuers", issuersListed},
	{"contacts", contacts},
	{"list of vaults", vaultsListed},
	{"claim", claimOrder},
	{"claim raises the revision", claimRaises},
	{"claim hides the other jobs", claimHides},
	{"claim expires", claimExpires},
	{"claim together", claimTogether},
	{"a lease that was put", leasePut},
	{"extend", extend},
	{"extend beside a put", extendBesidePut},
	{"finish", finish},
	{"put off", putOff},
	{"a job dropped under a lease", dropUnderLease},
	{"next due", nextDue},
	{"outbox", outbox},
	{"outbox states", outboxStates},
	{"outbox sinks", outboxSinks},
	{"dropped messages", messagesDropped},
	{"hastened messages", messagesHastened},
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
	{"revisions hold writers apart", writersApart},
	{"names are taken once", namesRaced},
	{"whole transactions are seen", wholeTransactions},
	{"one undone beside many kept", undoneAmongKept},
}

// Run tests the stores that open makes, each test once as it is and once with
// every function of Update run twice. Each store must be empty and closed by
// t.Cleanup; Run itself closes none.
func Run(t *testing.T, open func(t *testing.T) vault.Store) {
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.run(t, open(t))
		})
		t.Run(tt.name+", twice", func(t *testing.T) {
			t.Parallel()
			tt.run(t, twice{open(t)})
		})
	}
}
