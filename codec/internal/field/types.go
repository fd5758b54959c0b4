package field

// Direction says which way a frame travels.  The same command letter may have one layout each way.
type Direction uint8

const (
	Any      Direction = iota // not known: every layout is tried, in the order of the definition
	Uplink                    // from a master or an integrator to the server
	Downlink                  // from the server to a master or an integrator
)

func (d Direction) String() string {
	switch d {
	case Uplink:
		return "uplink"
	case Downlink:
		return "downlink"
	}
	return "any"
}

// Party is who sends a frame.
type Party uint8

const (
	Anyone     Party = iota // either side
	Master                  // a PLC master (field device)
	Server                  // this program
	Integrator              // a system that asks the server about masters
)

func (p Party) String() string {
	switch p {
	case Master:
		return "master"
	case Server:
		return "server"
	case Integrator:
		return "integrator"
	}
	return "anyone"
}

// Role is what the gateway does with a field.
type Role uint8

const (
	NoRole          Role = iota
	RoleIdentity         // who the master is: digits or text, leading zeros kept
	RoleCommand          // what the frame is: chooses the message
	RoleTransaction      // ties an answer to its request
	RoleTimestamp        // when the frame was made
	RoleResult           // how a command ended; 0 is success
	RoleAlarm            // what is wrong; 0 is nothing
	RoleValue            // what was measured
	RoleName             // what the values beside it in the same group are called
	RoleCount
)

// RoleNames are the words of roles in a definition.
var RoleNames = [RoleCount]string{
	"none", "identity", "command", "transaction", "timestamp", "result", "alarm", "value", "name",
}

func (r Role) String() string {
	if r < RoleCount {
		return RoleNames[r]
	}
	return "unknown"
}

// Kind is what a decoded item is, and so which accessor of [Item] is the natural one.
type Kind uint8

const (
	KindUint   Kind = iota // Uint
	KindInt                // Int
	KindFloat              // Float
	KindDigits             // Text: decimal digits, leading zeros kept
	KindText               // Text
	KindBytes              // Bytes
	KindTime               // Time
	KindList               // a repeated part; its elements follow, one level deeper
	KindGroup              // a named part or one element of a list; its fields follow, one level deeper
)

var kindNames = [...]string{"uint", "int", "float", "digits", "text", "bytes", "time", "list", "group"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Purpose is what a message is for, so that the gateway needs no command letters.
type Purpose uint8

const (
	PurposeOther           Purpose = iota
	PurposeMeasurement             // values of a master, periodic or at once
	PurposeKeepAlive               // refreshes the link and says nothing else
	PurposeReport                  // state of a master (lists, relays, versions)
	PurposeRequest                 // a master asks the server, or an integrator a master
	PurposeCommand                 // the server orders a master
	PurposeAnswer                  // a master answers a command
	PurposeAcknowledgement         // the receipt of a frame
	purposeCount
)

// PurposeNames are the words of purposes in a definition.
var PurposeNames = [purposeCount]string{
	"other", "measurement", "keep-alive", "report", "request", "command", "answer", "acknowledgement",
}

func (p Purpose) String() string {
	if p < purposeCount {
		return PurposeNames[p]
	}
	return "unknown"
}
