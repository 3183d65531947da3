//! Where a learner stands in the lesson.

/// How strong the evidence is that a step is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// breakfix did it for the learner.
    Assisted,
    /// The learner says so.
    SelfReported,
    /// A matching call was seen.
    Observed,
    /// The learner stated what this session's environment says, too.
    Answered,
    /// The environment is as it should be, as we read it ourselves.
    Verified,
}

/// The lesson's steps, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    pub steps: Vec<StepProgress>,
}

/// One step of the lesson.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepProgress {
    /// What learners call it.
    pub id: String,
    /// The lesson's heading above it.
    pub title: String,
    /// What shows that it is done; `None` while it is not.
    pub done: Option<Grade>,
    /// It was verified once, and is not so any more.
    pub lapsed: bool,
    /// breakfix did it for the learner.
    pub assisted: bool,
    /// Whether it was shown to the learner, or its turn has come.
    pub opened: bool,
    /// The calls that were seen do not say what they were about (on a real account).
    pub unseen_resource: bool,
    /// How many hints were given.
    pub hints: usize,
    /// What completes it.
    pub needs: Vec<Need>,
}

/// What completes a step.
#[derive(Debug, Clone, PartialEq)]
pub enum Need {
    /// These conditions, by their titles, and whether each holds.
    Verified(Vec<(String, bool)>),
    /// This question, with the finding's id.
    Answered { finding: String, question: String },
    /// A call of this operation: `eks DescribeNodegroup new_nodegroup_1`.
    Observed(String),
    /// The learner's word.
    SelfReported,
}

impl StepProgress {
    pub fn is_done(&self) -> bool {
        self.done.is_some()
    }
}

impl Progress {
    /// The first step that is not done.
    pub fn current(&self) -> Option<&StepProgress> {
        self.steps.iter().find(|step| !step.is_done())
    }

    /// How many are done, by grade.
    pub fn count(&self, grade: Grade) -> usize {
        let graded = self.steps.iter().filter(|step| step.done == Some(grade));
        graded.count()
    }

    pub fn done(&self) -> usize {
        self.steps.iter().filter(|step| step.is_done()).count()
    }
}
