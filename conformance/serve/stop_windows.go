package serve

import "os"

var stopSignal = os.Kill
