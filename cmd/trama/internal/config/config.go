package config

import (
	"os"
	"path/filepath"
	"time"

	"trama/actors"
	"trama/actors/admission"
	"trama/actors/known"
	"trama/cmd/trama/internal/access"
	"trama/codec"
	"trama/transport"
)

// DefaultFile is the configuration the commands look for when none is named.
const DefaultFile = "config.toml"

// Config is everything config.toml can say.  A Config that Load returned without error is complete and valid.
type Config struct {
	File      string // where it was read from
	Log       Log
	Admin     Admin
	Limits    Limits
	Journal   Journal
	Masters   Masters
	Keys      Keys
	Listeners []Listener
	Polls     []actors.PollOptions
}

// Masters is what is known of masters beside their frames.
type Masters struct {
	File  string         // resolved against the directory of the file; empty for none
	Known *known.Masters // nil for none
}

// Keys is where the device keys of masters are.
type Keys struct {
	Directory string // resolved against the directory of the file; empty: there is no table [keys], and no master has a key
}

// Log says what is logged and how.
type Log struct {
	Level  string // trace, debug, info, warn or error
	Format string // text or json
}

// Admin is the debug and control endpoint.
type Admin struct {
	Listen       []string // host:port, or unix: and the path of a socket; at least one
	TokenFile    string   // path of the bearer token, resolved against the directory of the file
	AllowedHosts []string // further names that the Host header may carry
	AllowRemote  bool     // Listen may be other than loopback
	AllowFaults  bool     // faults may be injected
	Pprof        bool     // /debug/pprof/ answers
	ReadGroup    string   // members have this role on a socket; empty: nobody
	OperateGroup string
	AdminGroup   string
	Tokens       []access.Token
}

// Limits are those of the whole process.
type Limits struct {
	DrainTimeout      time.Duration // how long a shutdown may take
	CommandsPerMaster int           // commands that wait for one master behind the one in flight
	QueuedPerSecond   int           // commands that have waited for their masters and go out in a second
	MaxMasters        int           // masters that are tracked; frames of further serials are refused
	ResendMiB         int           // memory for recognising resends, beyond the last 64 frames of each master
}

// Journal is the durable record of frames.
type Journal struct {
	Path        string        // of the database, resolved against the directory of the file
	Memory      bool          // nothing is kept: for tests and benchmarks
	FramesFor   time.Duration // how long frames are kept; 0: for ever
	FramesMiB   int           // that frames may fill; 0: no bound, or FramesPart
	FramesPart  int           // percent of the disk that frames may fill; 0: FramesMiB
	EventsFor   time.Duration // how long events are kept; 0: for ever
	EventsMax   int           // events that are kept; 0: no bound
	CommandsMax int           // commands that are kept; 0: no bound
	DiskLimit   int           // percent of the disk in use at which nothing more is accepted
}

// Listener is one port.
type Listener struct {
	Name                    string
	Address                 string
	ProfileName             string // as written
	ProfileFile             string // the definition's file; empty for a shipped profile
	Profile                 *codec.Profile
	Role                    actors.Role
	Greeting                string            // name of the message that is sent to whoever dials in; empty: none
	FrameNames              bool              // registration.identity = "frame"
	Outcomes                bool              // integrators are told of outcomes without an answer
	MaxMastersPerConnection int               // 0: the default
	DeliveryWindow          time.Duration     // how long behind a frame commands reach its master; 0: it is learned, negative: always
	Transport               transport.Options // Name, Address, deadlines and limits
	Policy                  admission.Policy  // who may speak

	dir string // of the configuration
}

// Default returns the configuration that an empty file stands for.  There is no listener.
func Default() Config {
	return Config{
		Log:     Log{Level: "info", Format: "text"},
		Admin:   Admin{Listen: []string{"127.0.0.1:8686"}, TokenFile: filepath.Join("data", "admin.token")},
		Limits:  Limits{DrainTimeout: 10 * time.Second, CommandsPerMaster: 16, QueuedPerSecond: 500, MaxMasters: 100_000, ResendMiB: 64},
		Journal: Journal{Path: filepath.Join("data", "journal.db"), FramesPart: 50, EventsMax: 100_000, CommandsMax: 100_000, DiskLimit: 95},
	}
}

// Load reads, checks and resolves the configuration.  The error is an *Error that holds every problem, or the reason
// why the file could not be read.
func Load(file string) (*Config, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return Parse(file, src)
}

// Parse is Load for text that is already in memory; file names it and anchors relative paths.
func Parse(file string, src []byte) (*Config, error) {
	c, problems := parse(file, src)
	if len(problems) > 0 {
		return nil, &Error{Problems: problems}
	}
	return c, nil
}

// LoadAdmin returns where the daemon described by file is reached.  Problems elsewhere in the file are overlooked, so
// that a daemon can be looked at while its configuration is being edited.
func LoadAdmin(file string) (Admin, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return Admin{}, err
	}
	return parseAdmin(file, src)
}

// TokensFile is where tokens are kept that were added: beside the token file.
func (a Admin) TokensFile() string { return filepath.Join(filepath.Dir(a.TokenFile), "tokens.toml") }

// LoadKeys returns the [keys] of file, whatever else is wrong with it.
func LoadKeys(file string) (Keys, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return Keys{}, err
	}
	r, root := open(file, src)
	var k Keys
	if root.Table != nil {
		k.read(root, filepath.Dir(file))
	}
	if len(r.Problems) > 0 {
		return Keys{}, &Error{Problems: sorted(r.Problems)}
	}
	return k, nil
}

func resolveAdmin(a Admin, dir string) Admin {
	a.TokenFile = resolve(dir, a.TokenFile)
	return a
}

// resolve makes a path of the file relative to the directory of the file.
func resolve(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
