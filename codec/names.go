package codec

import (
	"time"
	"trama/codec/internal/checksum"
	"trama/codec/internal/decode"
	"trama/codec/internal/encode"
	"trama/codec/internal/field"
	"trama/codec/internal/frame"
	"trama/codec/internal/program"
	"trama/codec/internal/scalar"
	"trama/codec/internal/schema"
	"trama/codec/internal/simulate"
)

// The types of the rooms below that people who use a profile meet; each is described where it is declared.
type (
	Message    = field.Message    // one layout of a frame
	Field      = field.Field      // one field of a message
	EnumLabel  = field.EnumLabel  // the name of one value of a field
	Note       = field.Note       // a key of a definition as it was written
	FieldError = field.FieldError // what is wrong with a frame, and where

	Direction = field.Direction
	Party     = field.Party
	Role      = field.Role
	Kind      = field.Kind
	Purpose   = field.Purpose

	Frame    = frame.Frame      // one decoded or built frame
	Item     = frame.Item       // one value in a frame
	Value    = frame.Value      // a value apart from its frame
	Sample   = frame.Sample     // one value of one point of a frame
	Samples  = frame.Samples    // those of one frame
	Quality  = frame.Quality    // how far a sample can be trusted
	Point    = program.Point    // one quantity that a profile has values of
	Command  = program.Command  // what a master can be told, see Profile.Command
	Argument = program.Argument // one argument of it
	Follow   = program.Follow   // a command that follows it
	Env      = encode.Env       // what the codec is told about the world
	Session  = encode.Session   // what is remembered of one peer
	Resend   = program.Resend   // how a frame that comes again is recognised

	Settings = program.Settings // how masters ask for what is kept for them
	Wish     = program.Wish
	Clock    = program.Clock // when the clocks of masters are set

	Checksum        = checksum.Checksum      // an algorithm of the program around
	Armour          = scalar.Armour          // bytes written in characters, likewise
	Source          = schema.Source          // one text of a definition
	Problem         = schema.Problem         // one thing wrong with a definition
	DefinitionError = schema.DefinitionError // all that is wrong with a definition
	Finding         = schema.Finding         // one thing that a check found
	Severity        = schema.Severity

	Around = decode.Around // what is known of the stream around the bytes that are cut

	Script  = simulate.Script  // how a simulated master behaves
	Line    = simulate.Line    // one message that it sends
	Speaker = simulate.Speaker // one such master
)

// Which way a frame travels.
const (
	Any      = field.Any
	Uplink   = field.Uplink
	Downlink = field.Downlink
)

// Hints about the stream around the bytes that are cut.
const (
	Behind = decode.Behind
	Quiet  = decode.Quiet
	Ended  = decode.Ended
	Weak   = decode.Weak
)

// Senders of a message.
const (
	Anyone     = field.Anyone
	Master     = field.Master
	Server     = field.Server
	Integrator = field.Integrator
)

// Roles: the gateway's use of a field.
const (
	NoRole          = field.NoRole
	RoleIdentity    = field.RoleIdentity
	RoleCommand     = field.RoleCommand
	RoleTransaction = field.RoleTransaction
	RoleTimestamp   = field.RoleTimestamp
	RoleResult      = field.RoleResult
	RoleAlarm       = field.RoleAlarm
	RoleValue       = field.RoleValue
	RoleName        = field.RoleName
)

// Kinds of values.
const (
	KindUint   = field.KindUint
	KindInt    = field.KindInt
	KindFloat  = field.KindFloat
	KindDigits = field.KindDigits
	KindText   = field.KindText
	KindBytes  = field.KindBytes
	KindTime   = field.KindTime
	KindList   = field.KindList
	KindGroup  = field.KindGroup
)

// Meant says whether a time is one that a device can mean, in a frame that was received at a time: at most ten years
// behind and a day ahead.
func Meant(device, received time.Time) bool { return frame.Meant(device, received) }

// MostBehind is how far behind a time is that a device can just mean.
const MostBehind = frame.MostBehind

// FloatValue is a number that stands in no frame.
func FloatValue(v float64) Value { return frame.FloatValue(v) }

// Purposes of a message.
const (
	PurposeOther           = field.PurposeOther
	PurposeMeasurement     = field.PurposeMeasurement
	PurposeKeepAlive       = field.PurposeKeepAlive
	PurposeReport          = field.PurposeReport
	PurposeRequest         = field.PurposeRequest
	PurposeCommand         = field.PurposeCommand
	PurposeAnswer          = field.PurposeAnswer
	PurposeAcknowledgement = field.PurposeAcknowledgement
)

// Qualities of samples.
const (
	Good        = frame.Good
	SuspectTime = frame.SuspectTime
	Historical  = frame.Historical
	Missing     = frame.Missing
	Implausible = frame.Implausible
)

// Severities of a finding.
const (
	SeverityNote    = schema.SeverityNote
	SeverityWarning = schema.SeverityWarning
	SeverityError   = schema.SeverityError
)

// Causes of a FieldError; test with errors.Is.
var (
	ErrShort          = field.ErrShort
	ErrLong           = field.ErrLong
	ErrLength         = field.ErrLength
	ErrDigit          = field.ErrDigit
	ErrConst          = field.ErrConst
	ErrRange          = field.ErrRange
	ErrValue          = field.ErrValue
	ErrTime           = field.ErrTime
	ErrUnknownCommand = field.ErrUnknownCommand
	ErrUnknownField   = field.ErrUnknownField
	ErrMissing        = field.ErrMissing
	ErrNoMessage      = field.ErrNoMessage
)
