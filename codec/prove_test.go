package codec

import "testing"

func TestShippedProfilesAreProvenWithoutAnyDoubt(t *testing.T) {
	for _, name := range ShippedNames() {
		p := shipped(t, name)
		proof := p.Prove()
		for i := range proof.Findings {
			if f := &proof.Findings[i]; f.Severity > SeverityNote {
				t.Error(f)
			}
		}
		if proof.Messages != len(p.messages) || proof.Frames < proof.Messages {
			t.Errorf("%s: %d messages, %d frames", name, proof.Messages, proof.Frames)
		}
		if proof.Steps > totalSteps/4 {
			t.Errorf("%s: %d steps", name, proof.Steps)
		}
		t.Logf("%s: %d messages, %d of %d branches shown by %d frames, %d replies, %d steps, %d notes", name, proof.Messages,
			proof.Shown, proof.Branches, proof.Frames, proof.Replies, proof.Steps, proof.Count(SeverityNote))
	}
}
