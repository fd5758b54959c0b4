package supervise

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// The intensity that each kind of actor may fail with before its supervisor gives up on it.
const (
	faultWindow     = 10 * time.Second
	LeafFaults      = 5  // connections and masters
	StructureFaults = 10 // registry, listeners, each listener
)

// Strategy is the only supervisor strategy in use.  Within the limit the remedy is applied; beyond it giveUp is.
// Both are explicit at every parent, and every fault is logged and kept in the node.
type Strategy struct {
	sys    *System
	limit  int
	remedy func(sup actor.Supervisor, child *actor.PID, f *Fault)
	giveUp func(sup actor.Supervisor, child *actor.PID, f *Fault)
}

// HandleFailure implements actor.SupervisorStrategy; it runs in the supervisor's goroutine.
func (s *Strategy) HandleFailure(_ *actor.ActorSystem, sup actor.Supervisor, child *actor.PID,
	_ *actor.RestartStatistics, reason, _ any) {
	f, ok := reason.(*Fault)
	if !ok { // thrown outside a shell: a defect of ours or of the library that nothing here can mend
		s.sys.Fail(fmt.Errorf("fault of %s outside its handler: %v", child.Id, reason))
		return
	}
	log := s.sys.Log.Named("supervisor")
	if f.gaveUp || f.Message == "Started" && f.Node.children != nil { // without its start it has no children
		s.giveUp(sup, child, f)
		return
	}
	n := f.Node.failed(f.At, faultWindow)
	s.sys.Restarts.Add(1)
	if n > s.limit {
		log.Error("actor given up", "actor", f.Node.Path(), "faults", n, "within", faultWindow, "fault", f.Value,
			"message", f.Message)
		s.giveUp(sup, child, f)
		return
	}
	log.Warn("actor failed, restarting it", "actor", f.Node.Path(), "faults", n, "fault", f.Value, "message", f.Message)
	log.Debug("stack of the fault", "actor", f.Node.Path(), "stack", string(f.Stack))
	s.remedy(sup, child, f)
}

// resume is the remedy for actors with children: the shell already holds a fresh handler, nothing below is touched.
func resume(sup actor.Supervisor, child *actor.PID, _ *Fault) { sup.ResumeChildren(child) }

// restart is the remedy for leaves.
func restart(sup actor.Supervisor, child *actor.PID, _ *Fault) { sup.RestartChildren(child) }

// escalate gives up to the next level, which gives up too: the structure of the tree cannot do without one of its
// parts.
func escalate(sup actor.Supervisor, _ *actor.PID, f *Fault) {
	up := *f
	up.gaveUp = true
	sup.EscalateFailure(&up, nil)
}

// Structural supervises actors that the tree cannot do without.
func (s *System) Structural() *Strategy {
	return &Strategy{sys: s, limit: StructureFaults, remedy: resume, giveUp: escalate}
}

// Leaves supervises actors without children.  An actor that has failed too often is handed to giveUp.
func (s *System) Leaves(giveUp func(sup actor.Supervisor, child *actor.PID, f *Fault)) *Strategy {
	return &Strategy{sys: s, limit: LeafFaults, remedy: restart, giveUp: giveUp}
}

// Guardian supervises the root: when the root fails or gives up, the process ends.
func (s *System) Guardian() *Strategy {
	end := func(_ actor.Supervisor, _ *actor.PID, f *Fault) {
		s.Fail(fmt.Errorf("the root gave up: %w", f))
	}
	return &Strategy{sys: s, limit: StructureFaults, remedy: resume, giveUp: end}
}
