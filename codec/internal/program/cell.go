package program

// Cell is the place of one field in a frame.
type Cell struct {
	Op    uint16 // index in Program.Ops
	Depth uint8  // lists and groups around it
	Exp   int8   // power of ten that the value is multiplied with; noValue: the field says that it has none
	Off   uint32 // in Frame.data; for fields of bytes, and for all fields of a decoded frame
	Size  uint32 // bytes on the wire
}
