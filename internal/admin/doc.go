// Package admin is the side door of the server, on plain http: is it alive, is
// it ready, which authority does it have, and, in a development server, moving
// its clock, looking at what it would have sent, emptying it. The work itself
// is done by the functions it is given. /admin refuses what a web page that
// somebody happens to have open could send. Begin with handler.go.
package admin
