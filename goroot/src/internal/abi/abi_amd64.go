package abi

// Registers that arguments, and results, are passed in; see crates/abi.
const (
	IntArgRegs            = 6
	FloatArgRegs          = 8
	EffectiveFloatRegSize = 8
)
