package audit

import "certwright/internal/audit/line"

// What a line says, and what it is when it is read.
type (
	Entry = line.Entry
	Fact  = line.Fact
	Line  = line.Line
)
